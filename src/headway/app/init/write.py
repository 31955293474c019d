"""Writes what `headway init` adds to a repository: no file that is there is touched."""

import getpass
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from headway.adapters.signing.keys import create
from headway.app.errors import RefusedError
from headway.app.init.guess import Guess, guess
from headway.app.settings import Settings

__all__ = ["Written", "write"]

LIMIT_S = 120


class Written(Struct, frozen=True, kw_only=True):
    """Files that were written, files that were there, and what was guessed from which line."""

    wrote: tuple[str, ...]
    kept: tuple[str, ...]
    guesses: tuple[str, ...]


def write(folder: Path, settings: Settings) -> Written:
    """Make the folder a Headway repository; RefusedError says what is in the way."""
    folder.mkdir(parents=True, exist_ok=True)
    _git(folder)
    wrote: list[str] = []
    kept: list[str] = []
    guesses: list[str] = []
    for path, text in _files(folder, settings, guesses):
        target = folder / path
        if target.exists():
            kept.append(path)
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        wrote.append(path)
    return Written(wrote=tuple(wrote), kept=tuple(kept), guesses=tuple(guesses))


def _files(folder: Path, settings: Settings, guesses: list[str]) -> Iterator[tuple[str, str]]:
    if not (folder / "headway.yaml").exists():
        yield "headway.yaml", _project(folder, settings)
    yield "environments/staging.yaml", _environment("staging", "none")
    yield "environments/production.yaml", _environment("production", "live")
    yield ".gitignore", ".headway/\n"
    for script in _scripts(folder):
        place = script.parent.relative_to(folder)
        home = place if place.parts[:1] == ("models",) else Path("models") / _label(script.parent.name or folder.name)
        if home != place:
            yield (home / script.name).as_posix(), script.read_text()
        yield (home / "model.yaml").as_posix(), _model(script, home.name, guesses)
        yield (home / "requirements.lock").as_posix(), _requirements(script.parent)


def _scripts(folder: Path) -> list[Path]:
    found = [*folder.glob("models/*/train.py"), *folder.glob("train.py")]
    return sorted(path for path in found if path.is_file() and not path.is_symlink())


def _project(folder: Path, settings: Settings) -> str:
    name = _label(getpass.getuser()) or "owner"
    key = create(settings.folders.config / "keys", name)
    return f"""\
apiVersion: headway.dev/v1alpha1
kind: Project
metadata: {{name: {_label(folder.resolve().name) or "project"}}}
spec:
  environments: [staging, production]
  signers:
    - name: {name}
      key: {key}
      may: {{train: true, approve: [staging, production], decide: [staging, production]}}
"""


def _environment(name: str, traffic: str) -> str:
    return f"""\
apiVersion: headway.dev/v1alpha1
kind: Environment
metadata: {{name: {name}}}
spec: {{target: local, traffic: {traffic}}}
"""


def _model(script: Path, name: str, guesses: list[str]) -> str:
    try:
        found = guess(script.read_text())
    except (SyntaxError, UnicodeDecodeError, ValueError) as error:
        raise RefusedError(f"{script} cannot be read as Python: {error}") from error
    for field in ("data", "writes", "label", "task"):
        made: Guess = getattr(found, field)
        where = f"{script.name}:{made.line}" if made.line else "a default; please look"
        guesses.append(f"{name}: {field} is {made.value} ({where})")
    own = [f"{module}.py" for module in dict.fromkeys(found.modules) if (script.parent / f"{module}.py").is_file()]
    metric = "{metric: auc, at_least: 0.6}" if found.task.value == "classification" else "{metric: r2, at_least: 0.1}"
    first = "auc" if found.task.value == "classification" else "rmse"
    return f"""\
apiVersion: headway.dev/v1alpha1
kind: Model
metadata: {{name: {name}}}
spec:
  task: {{kind: {found.task.value}, label: {found.label.value}}}
  data: {{path: {found.data.value!r}}}
  train:
    run: python {script.name}
    files: [{", ".join([script.name, *own])}]
    requirements: requirements.lock
    writes: {found.writes.value}
  gates:
    - {metric}
    - {{metric: {first}, versus: live, worse_by_at_most: 0.01}}
"""


def _requirements(folder: Path) -> str:
    """The pins of the environment that trains today: the script's own list, or what is installed beside it."""
    for name in ("requirements.lock", "requirements.txt"):
        if (folder / name).is_file():
            return (folder / name).read_text()
    python = next((path for path in (folder / ".venv/bin/python", folder / "venv/bin/python") if path.exists()), None)
    command = [str(python or sys.executable), "-m", "pip", "freeze", "--exclude-editable"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    pins = [line for line in done.stdout.splitlines() if re.fullmatch(r"[\w.\-\[\]]+==[\w.+!]+", line)]
    return "".join(f"{pin}\n" for pin in pins if not pin.startswith("headway=="))


def _label(text: str) -> str:
    return re.sub("[^a-z0-9]+", "-", text.lower()).strip("-")[:40]


def _git(folder: Path) -> None:
    known = ["git", "-C", str(folder), "rev-parse", "--git-dir"]
    if subprocess.run(known, capture_output=True, timeout=LIMIT_S, check=False).returncode:
        subprocess.run(["git", "init", "-q", "-b", "main", str(folder)], check=True, timeout=LIMIT_S)
