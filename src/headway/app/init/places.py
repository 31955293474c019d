"""Where a script's paths lead: the folder that a step starts in, the rows below it, and what lies elsewhere."""

from pathlib import Path, PurePosixPath

from msgspec import Struct

from headway.app.init.values import HERE, Text

__all__ = ["Guess", "folder_name", "home_of", "matches", "placed", "rows_of"]

ENDINGS = (".csv", ".csv.gz", ".parquet")
LOOKUPS_AT_MOST = 16
TESTS = frozenset({"test", "valid", "validation", "holdout", "eval"})


class Guess(Struct, frozen=True, kw_only=True):
    """A value, and the line of the script that it was taken from (0: a default)."""

    value: str
    line: int


def home_of(script: Path, project: Path, read: list[Text]) -> Path:
    """The folder that a step starts in: where the paths that the script reads lead to its files."""
    for text in read:
        if text.value.startswith(HERE) or text.value.startswith("/"):
            continue
        for folder in (script.parent, project):
            if ".." not in PurePosixPath(text.value).parts and matches(folder, text.value):
                return folder
    return script.parent


def matches(folder: Path, pattern: str) -> list[str]:
    """Files that a pattern means below a folder; none for a pattern that leads out of it or crosses folders twice."""
    parts = PurePosixPath(pattern).parts
    if not parts or pattern.startswith("/") or ".." in parts or "\0" in pattern or pattern.count("**") > 1:
        return []
    try:
        return sorted(path.relative_to(folder).as_posix() for path in folder.glob(pattern) if path.is_file())
    except (ValueError, OSError):
        return []


def placed(text: Text, script: Path, home: Path, notes: list[str]) -> Guess | None:
    """A path as a pattern below `home`; None, with a note, when it leads elsewhere."""
    value = text.value
    if value.startswith(HERE):
        value = (
            PurePosixPath(script.parent.relative_to(home).as_posix()) / value.removeprefix(HERE).lstrip("/")
        ).as_posix()
    path = PurePosixPath(value)
    if "://" in value:
        notes.append(f"line {text.line} reads {value}: Headway pins files; copy the data below {folder_name(home)}")
    elif path.is_absolute() or ".." in path.parts or value.startswith("~"):
        notes.append(
            f"line {text.line} reads {value}, outside of {folder_name(home)}: a step sees its model's folder only; "
            "move the data there and change the line"
        )
    elif not value.isprintable() or not value.strip("*/") or value.count("**") > 1:
        notes.append(f"line {text.line} reads a path that cannot be told without running the script")
    else:
        return Guess(value=path.as_posix(), line=text.line)
    return None


def folder_name(home: Path) -> str:
    """How a folder is called in a note."""
    return f"the folder {home.name}"


def _doubt(home: Path, pattern: str) -> str:
    """What may be wrong with a pattern of rows; empty when nothing is."""
    if not pattern.endswith(ENDINGS):
        return f"{pattern} is no CSV or Parquet, which is what Headway can part into training and test rows"
    return "" if matches(home, pattern) else f"no file matches {pattern} below {folder_name(home)} yet"


def rows_of(home: Path, inside: list[Guess], notes: list[str]) -> tuple[tuple[Guess, ...], tuple[str, ...]]:
    """The patterns of the rows, and other files that are read whole."""
    if not inside:
        notes.append("no call that reads rows was found: data/*.csv is a placeholder")
        return (Guess(value="data/*.csv", line=0),), ()
    train = next((each for each in inside if "train" in PurePosixPath(each.value).as_posix().lower()), None)
    test = next((each for each in inside if _is_test(each.value)), None)
    if train and test:
        notes.append(
            f"line {test.line} reads {test.value}: no step sees test rows, so that line will find no file; leave the "
            "measuring to the gates"
        )
        rows: tuple[Guess, ...] = (train, test)
    else:
        rows = (inside[0],)
    notes += [note for each in rows if (note := _doubt(home, each.value))]
    others = [path for each in inside if each not in rows for path in matches(home, each.value)][:LOOKUPS_AT_MOST]
    notes.extend(f"{path} is read too: it stands under files, as it is, so commit it" for path in others)
    return rows, tuple(dict.fromkeys(others))


def _is_test(path: str) -> bool:
    parts = path.lower().replace(".", "/").replace("_", "/").replace("-", "/").split("/")
    return bool(TESTS & set(parts))
