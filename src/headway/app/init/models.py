"""Which scripts become models, under which names and in which folders; what is there already is left alone."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from headway.app.errors import RefusedError
from headway.app.init.candidates import candidates
from headway.app.init.guess import Guesses, guess
from headway.app.init.source import UnreadableError

__all__ = ["Choice", "Chosen", "choose", "label"]

MODEL_FILE = "model.yaml"


class Chosen(Struct, frozen=True, kw_only=True):
    """A script with what is guessed of it and the name of its model."""

    name: str
    script: Path
    guesses: Guesses


class Choice(Struct, frozen=True, kw_only=True):
    """Models to be written, documents of models that are there, and what a person should know."""

    new: tuple[Chosen, ...]
    there: tuple[str, ...]
    notes: tuple[str, ...]


def choose(folder: Path, project: Path, script: Path | None) -> Choice:
    """The scripts that become models now; RefusedError when a person must choose among several.

    Each folder below models/ is a model of its own, so one script in each is no question.
    """
    if script is not None:
        return _choice([script], project)
    found = candidates(folder)
    there = tuple(path for path in found if _described(path, project))
    within = [path for path in found if path not in there and project / "models" in path.parents]
    apart = [path for path in found if path not in there and path not in within]
    if len(apart) > 1 and not there:
        listed = "\n".join(f"  headway init --script {shlex.quote(str(path.relative_to(project)))}" for path in apart)
        raise RefusedError(f"{len(apart)} scripts here train a model; say which one to begin with:\n{listed}")
    notes = [f"{path.relative_to(project)} trains too: `headway init --script` takes it" for path in apart if there]
    if not found:
        notes.append("no training script was found: add one that writes its model, and run `headway init` again")
    return _choice([*_first_of_folder(within), *(() if there else apart), *there], project, notes)


def label(text: str) -> str:
    """A name made of small letters, digits and `-`, as Kubernetes takes it; empty when nothing is left."""
    return re.sub("[^a-z0-9]+", "-", text.lower()).strip("-").lstrip("0123456789-")[:40].rstrip("-")


def _choice(scripts: list[Path], project: Path, notes: list[str] | None = None) -> Choice:
    new: list[Chosen] = []
    there: list[str] = []
    for script in scripts:
        found = _guess(script, project)
        at = found.home / MODEL_FILE
        place = at.relative_to(project).as_posix()
        if not at.exists() and not at.is_symlink():
            name = label(found.home.name) if found.home != project else label(project.name)
            if name in {each.name for each in new}:  # a/churn and b/churn
                name = label(found.home.relative_to(project).as_posix())
            new.append(Chosen(name=name or "model", script=script, guesses=found))
        elif _describes(at, found.script):
            there.append(place)
        else:
            own = f"models/{label(script.stem) or 'model'}/"
            raise RefusedError(
                f"{place} is there already and does not run {found.script}. A folder holds one model: move the script "
                f"to a folder of its own, such as {own}, and run `headway init` again."
            )
    return Choice(new=tuple(new), there=tuple(there), notes=tuple(notes or ()))


def _guess(script: Path, project: Path) -> Guesses:
    if not script.is_relative_to(project):
        raise RefusedError(f"{script} lies outside of {project}: a model's script is a file of the repository.")
    where = script.relative_to(project).as_posix()
    if not where.isprintable() or any(part.startswith("-") for part in where.split("/")):
        raise RefusedError(f"{where!r} is no name that Headway takes for a script: rename it.")
    try:
        return guess(script, project)
    except UnreadableError as error:
        raise RefusedError(f"{where} cannot be read as a training script: {error}.") from error


def _described(script: Path, project: Path) -> bool:
    """Does a model.yaml at or above the script run it?"""
    folders = [folder for folder in script.parents if folder.is_relative_to(project)]
    return any(_describes(folder / MODEL_FILE, script.relative_to(folder).as_posix()) for folder in folders)


def _describes(document: Path, script: str) -> bool:
    if document.is_symlink() or not document.is_file():
        return False
    text = document.read_bytes()[: 2**20]
    return b"headway.dev/" in text and re.search(rb"(?<![\w/])" + re.escape(script.encode()), text) is not None


def _first_of_folder(paths: list[Path]) -> Iterator[Path]:
    """Of several scripts in one folder the one called train.py or fit.py, else the first."""
    folders: dict[Path, list[Path]] = {}
    for path in paths:
        folders.setdefault(path.parent, []).append(path)
    for several in folders.values():
        yield min(several, key=lambda path: (path.name not in {"train.py", "fit.py"}, path.name))
