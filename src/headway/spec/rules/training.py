"""Rules for training: the program and its parameters, the files that a step sees, the secrets it gets by name."""

import re
import shlex
from collections.abc import Iterator, Sequence

from headway.spec.convert import nearest
from headway.spec.finding import Finding, error, warning
from headway.spec.load import Placed
from headway.spec.model import Model
from headway.spec.papers import Papers
from headway.spec.rules.names import fault_of_path
from headway.spec.yaml import excerpt

__all__ = ["training_faults"]

_PARAM = re.compile(r"\{(\w+)\}")
_PYTHON = frozenset({"python", "python3"})
_PROGRAMS = (".py", ".sh", ".R", ".jl")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
# A step's environment is set by Headway; a variable of these kinds would change which code runs.
_TAKEN = ("HEADWAY_", "PYTHON", "LD_", "DYLD_")
_SET = frozenset({"PATH", "HOME", "TMPDIR", "MLFLOW_RUN_CONTEXT"})
# An interpreter with numpy alone takes about as much.
LEAST_MEMORY = 64 * 2**20


def training_faults(placed: Placed[Model], papers: Papers) -> Iterator[Finding]:
    """What is wrong with the train section, the prediction program and the files that both name."""
    yield from _run(placed)
    yield from _paths(placed, papers)
    yield from _secrets(placed)
    yield from _limits(placed)


def _run(placed: Placed[Model]) -> Iterator[Finding]:
    train, at = placed.value.spec.train, placed.place("spec", "train", "run")
    try:
        words = shlex.split(train.run)
    except ValueError as fault:
        why = f"It cannot be split into words: {str(fault).lower()}."
        yield error("E210", "no command", at, why=why, do="Close the quotes.")
        return
    if not words:
        yield error("E210", "no command", at, why="It is empty, so nothing would run.", do="Name the program.")
        return
    used = set(_PARAM.findall(train.run))
    for name in sorted(used - set(train.params)):
        why = f"`run` fills it in, and `params` does not have it.{nearest(name, train.params)}"
        do = f"Add `{name}` with its value to `params`, or take it out of `run`."
        yield error("E211", f"no parameter '{excerpt(name)}'", at, why=why, do=do)
    for name in (name for name in train.params if name not in used):
        at, shown = placed.place("spec", "train", "params", name), excerpt(name)
        why = "`run` does not fill it in, so only a program that reads HEADWAY_PARAMS gets it."
        do = f"Write `--{shown} {{{shown}}}` in `run`, or remove it."
        yield warning("E212", f"parameter '{shown}' is not in `run`", at, why=why, do=do)
    program = _program(words)
    if program and program not in train.files:
        why = "A step sees the declared files only, and this one is not among them, so it would not start."
        do = f"Add `{excerpt(program)}` to `train.files`."
        at = placed.place("spec", "train", "run")
        yield error("E213", f"program '{excerpt(program)}' is not declared", at, why=why, do=do)


def _program(words: Sequence[str]) -> str:
    """The script that a command starts, where it is one of the team's own."""
    first = words[0]
    if first in _PYTHON:
        first = words[1] if len(words) > 1 else ""
    return first.removeprefix("./") if first.endswith(_PROGRAMS) and not first.startswith("/") else ""


def _paths(placed: Placed[Model], papers: Papers) -> Iterator[Finding]:
    spec, folder = placed.value.spec, f"{placed.folder}/" if placed.folder else ""
    named: list[tuple[str, tuple[str | int, ...]]] = [
        (path, ("spec", "train", "files", number)) for number, path in enumerate(spec.train.files)
    ]
    named.append((spec.train.requirements, ("spec", "train", "requirements")))
    if spec.predict is not None:
        named.append((spec.predict, ("spec", "predict")))
    for path, field in named:
        at, shown = placed.place(*field), excerpt(path)
        if fault := fault_of_path(path):
            yield error(
                "E026", f"path '{shown}' is not taken", at, why=f"Of this path, {fault}.", do="Name a file below it."
            )
        elif f"{folder}{path}" not in papers.paths:
            why = papers.refused.get(f"{folder}{path}", "")
            yield error(
                "E021", f"'{shown}' is not there", at,
                why=f"{folder}{shown} is not read: {why}." if why else _absent(folder, path, papers),
                do="Add the file and commit it, or mend the path.",
            )  # fmt: skip
    if fault := fault_of_path(spec.train.writes):
        at = placed.place("spec", "train", "writes")
        shown = excerpt(spec.train.writes)
        yield error("E026", f"path '{shown}' is not taken", at, why=f"Of this path, {fault}.", do="Name a file.")


def _absent(folder: str, path: str, papers: Papers) -> str:
    beside = [each.removeprefix(folder) for each in papers.paths if each.startswith(folder)]
    return f"It is declared, and {folder}{excerpt(path)} is no file of the repository.{nearest(path, beside)}"


def _secrets(placed: Placed[Model]) -> Iterator[Finding]:
    seen: set[str] = set()
    for number, name in enumerate(placed.value.spec.train.secrets):
        at = placed.place("spec", "train", "secrets", number)
        before, equals, _ = name.partition("=")
        if equals and _VARIABLE.fullmatch(before):
            why = f"{before} stands here with its value, and Git keeps it for ever."
            do = f"Write `{before}`, export the value where Headway runs, and change the secret: it is known now."
            yield error("E215", "secret with its value", at, why=why, do=do)
        elif not _VARIABLE.fullmatch(name):
            # What stands here may be the secret itself, so it is not shown.
            why = "A secret stands by the name of its environment variable: letters, digits and `_`, no digit first."
            yield error("E215", f"secret {number + 1} is no name", at, why=why, do="Write the variable's name.")
        elif name in _SET or name.startswith(_TAKEN):
            why = f"Headway sets {name} for a step itself, or it would change which code runs."
            yield error("E215", f"secret '{name}' is taken", at, why=why, do="Export it under another name.")
        elif name in seen:
            yield warning("E216", f"secret '{name}' twice", at, why="Once is enough.", do="Remove one of them.")
        seen.add(name)


def _limits(placed: Placed[Model]) -> Iterator[Finding]:
    train = placed.value.spec.train
    if train.timeout < 1:
        at = placed.place("spec", "train", "timeout")
        why = "No interpreter starts in less than a second, so every training would be stopped."
        yield error("E217", "no time to train", at, why=why, do="Write `timeout: 1h`, say.")
    if train.memory < LEAST_MEMORY:
        at = placed.place("spec", "train", "memory")
        why = "An interpreter alone takes about 64Mi, so every training would be stopped."
        yield error("E217", "no memory to train", at, why=why, do="Write `memory: 8Gi`, say.")
