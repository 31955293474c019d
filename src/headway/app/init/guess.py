"""Everything that is guessed of one training script, with the line that each guess was taken from.

The script is parsed and never run; the head of its first data file is read, if it is CSV.
"""

import ast
import sys
from pathlib import Path, PurePosixPath

from msgspec import Struct

from headway.app.init.label import Label, label_of, task_of
from headway.app.init.modules import foreign, own_modules
from headway.app.init.options import Option, options, takes_words
from headway.app.init.paths import reads, writes
from headway.app.init.places import Guess, folder_name, home_of, matches, placed, rows_of
from headway.app.init.source import parsed
from headway.app.init.table import Look, look
from headway.app.init.values import Scope, Text

__all__ = ["Guesses", "guess"]


class Guesses(Struct, frozen=True, kw_only=True):
    """What is guessed of a script.  Paths are relative to `home`, the folder that a step starts in.

    `data` is one pattern, or those of training and test rows; `others` are further files that the script reads.
    """

    home: Path
    script: str
    data: tuple[Guess, ...]
    others: tuple[str, ...]
    writes: Guess
    label: Guess
    task: Guess
    classes: int
    params: tuple[Option, ...]
    modules: tuple[str, ...]
    foreign: tuple[str, ...]
    time: str
    size: int
    dropped: tuple[str, ...]
    notes: tuple[str, ...]


def guess(script: Path, project: Path) -> Guesses:
    """Guess from a script in a project's folder; UnreadableError when it is no Python."""
    tree = parsed(script)
    declared = options(tree)
    scope = Scope(tree, {option.name: _default(option) for option in declared if isinstance(option.default, str)})
    read = _unique(reads(tree, scope))
    written = next(writes(tree, scope), None)
    home = home_of(script, project, read)
    notes: list[str] = []
    inside = [each for each in (placed(text, script, home, notes) for text in read) if each]
    data, others = rows_of(home, inside, notes)
    head = _head(home, data)
    label = _label(tree, scope, head, notes)
    task, classes = _task(tree, head, label.column.value, notes)
    paths = {text.value for text in (*read, *([written] if written else []))}
    base = PurePosixPath(script.parent.relative_to(home).as_posix())
    return Guesses(
        home=home,
        script=(base / script.name).as_posix(),
        data=data,
        others=others,
        writes=_writes(written, script, home, notes),
        label=Guess(value=label.column.value, line=label.column.line),
        task=task,
        classes=classes,
        params=_params(declared, paths, takes_words(tree), notes),
        modules=tuple((base / path).as_posix() for path in own_modules(script, tree)),
        foreign=tuple(name for name in foreign(script, tree) if name not in sys.stdlib_module_names),
        time=head.time() if head else "",
        size=sum(_size(home / path) for each in data for path in matches(home, each.value)),
        dropped=tuple(name for name in label.dropped if head is None or name in head.columns),
        notes=tuple(notes),
    )


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _default(option: Option) -> Text:
    return Text(value=str(option.default), line=option.line)


def _unique(found: object) -> list[Text]:
    texts: dict[str, Text] = {}
    for text in found:  # type: ignore[attr-defined]
        texts.setdefault(text.value, text)
    return list(texts.values())


def _head(home: Path, data: tuple[Guess, ...]) -> Look | None:
    files = matches(home, data[0].value)
    return look(home / files[0]) if files else None


def _label(tree: ast.AST, scope: Scope, head: Look | None, notes: list[str]) -> Label:
    found = label_of(tree, scope)
    if found is None or not found.column.value.isprintable() or not found.column.value:
        notes.append("no label was found: name the column that is predicted")
        return Label(column=Text(value="label", line=0))
    if found.derived:
        notes.append(
            f"line {found.derived} computes the label from {found.column.value}: Headway measures against a column "
            "of the data, so write the computed one into them and name it"
        )
    elif head and found.column.value not in head.columns:
        shown = ", ".join(head.columns[:12])
        notes.append(
            f"{found.column.value} is no column of the data, which have {shown}: add it to them, or mend the label"
        )
    return found


def _task(tree: ast.AST, head: Look | None, label: str, notes: list[str]) -> tuple[Guess, int]:
    classes = head.classes(label) if head and label in head.columns else -1
    found = task_of(tree)
    if found:
        return Guess(value=found[0], line=found[1]), max(classes, 0)
    if classes < 0:
        notes.append("nothing shows whether this is a classification or a regression")
        return Guess(value="classification", line=0), 0
    return Guess(value="classification" if classes else "regression", line=0), classes


def _writes(written: Text | None, script: Path, home: Path, notes: list[str]) -> Guess:
    if written is None:
        notes.append('no call that writes a model was found: add joblib.dump(model, "model.joblib")')
        return Guess(value="model.joblib", line=0)
    place = placed(written, script, home, [])
    if place is None:
        notes.append(
            f"line {written.line} writes the model outside of {folder_name(home)}: write it to a relative path, "
            "such as model.joblib"
        )
        return Guess(value=PurePosixPath(written.value).name or "model.joblib", line=written.line)
    return place


def _params(declared: tuple[Option, ...], paths: set[str], argv: int, notes: list[str]) -> tuple[Option, ...]:
    """Options with a plain default, but for those that name a path that is guessed already."""
    if argv and not declared:
        notes.append(f"line {argv} reads sys.argv: add what it wants to `run`")
    notes.extend(
        f"line {option.line} demands {option.flag or option.name}: add it to `run`"
        for option in declared
        if option.required
    )
    return tuple(
        option for option in declared if option.default is not None and option.flag and option.default not in paths
    )
