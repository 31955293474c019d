"""Writes what `headway init` adds to a repository: no file that is there is touched, but for a line in .gitignore."""

from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from headway.app.errors import RefusedError
from headway.app.init.document import model_document
from headway.app.init.models import MODEL_FILE, Chosen, choose
from headway.app.init.places import Guess
from headway.app.init.project import project_at, project_documents
from headway.app.init.requirements import Requirements, requirements_of, unlisted
from headway.app.init.worktree import leave_out, make_repository
from headway.app.root import PROJECT_FILE
from headway.app.settings import Settings

__all__ = ["Guessed", "Written", "write"]

LARGE = 10 * 2**20


class Guessed(Struct, frozen=True, kw_only=True):
    """A field of a model with the value guessed and where it comes from, `train.py:12` or a default."""

    model: str
    field: str
    value: str
    source: str


class Written(Struct, frozen=True, kw_only=True):
    """Files that were written, files that were there, what was guessed, and what a person should look at."""

    wrote: tuple[str, ...]
    kept: tuple[str, ...]
    guesses: tuple[Guessed, ...]
    look: tuple[str, ...]


def write(folder: Path, script: Path | None, settings: Settings) -> Written:
    """Make the folder part of a Headway repository; RefusedError says what is in the way."""
    folder = folder.resolve()
    project = project_at(folder) or folder
    choice = choose(folder, project, _place(script))
    needs = [requirements_of(each.guesses.home, project, settings.environ) for each in choice.new]
    project.mkdir(parents=True, exist_ok=True)
    make_repository(project)
    wrote: list[str] = []
    kept = list(choice.there)
    for path, text in _files(project, list(zip(choice.new, needs, strict=True)), settings):
        (wrote if _add(project, path, text) else kept).append(path)
    if (project / PROJECT_FILE).exists() and PROJECT_FILE not in wrote:
        kept.insert(0, PROJECT_FILE)
    if leave_out(project):
        wrote.append(".gitignore")
    pairs = list(zip(choice.new, needs, strict=True))
    return Written(
        wrote=tuple(wrote),
        kept=tuple(dict.fromkeys(kept)),
        guesses=tuple(guess for each, need in pairs for guess in _guessed(each, need)),
        look=(*choice.notes, *(note for each, need in pairs for note in _looked(each, need, project))),
    )


def _place(script: Path | None) -> Path | None:
    """Where a script really lies; a link stays one, and is refused when it is opened."""
    if script is None:
        return None
    return script.parent.resolve() / script.name


def _files(project: Path, pairs: list[tuple[Chosen, Requirements]], settings: Settings) -> Iterator[tuple[str, str]]:
    for each, need in pairs:
        home = each.guesses.home.relative_to(project)
        if need.write:
            yield (home / need.path).as_posix(), need.text
        yield (home / MODEL_FILE).as_posix(), model_document(each.name, each.guesses, need.path)
    if not (project / PROJECT_FILE).exists():
        yield from project_documents(project, settings)


def _add(project: Path, path: str, text: str) -> bool:
    """Write a new file; False when something is there already."""
    target = project / path
    if any(folder.is_symlink() for folder in target.parents if folder.is_relative_to(project) and folder != project):
        raise RefusedError(f"{path} would be written through a link: put the folder itself there.")
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with target.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        return False
    return True


def _guessed(each: Chosen, need: Requirements) -> Iterator[Guessed]:
    found, name = each.guesses, each.script.name
    data = ("data.path",) if len(found.data) == 1 else ("data.train", "data.test")
    guesses = [("task.kind", found.task), ("task.label", found.label), *zip(data, found.data, strict=True)]
    guesses += [(f"train.params.{one.name}", Guess(value=str(one.default), line=one.line)) for one in found.params]
    for field, guess in [*guesses, ("train.writes", found.writes)]:
        source = f"{name}:{guess.line}" if guess.line else "a default"
        yield Guessed(model=each.name, field=field, value=guess.value, source=source)
    files = ", ".join([found.script, *found.modules, *found.others])
    yield Guessed(model=each.name, field="train.files", value=files, source="what the script imports and reads")
    yield Guessed(model=each.name, field="train.requirements", value=need.path, source=need.source)


def _looked(each: Chosen, need: Requirements, project: Path) -> Iterator[str]:
    found, script = each.guesses, each.script.relative_to(project).as_posix()
    yield from (f"{script}: {note}" for note in found.notes)
    missing = unlisted(need.text, found.foreign)
    if missing:
        yield f"{need.path} does not name {', '.join(missing)}, which {script} imports; another package may bring it"
    if need.copied:
        yield f"{need.path} is a copy of {need.source}: Headway reads this one from now on"
    if found.size > LARGE:
        yield f"{found.data[0].value} is large: add it to .gitignore; Headway keeps data in a store of its own"
