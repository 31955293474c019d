"""The step `train`: the team's program, on the training part of the data, in the environment of its requirements."""

import json
import os
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from msgspec import Struct, structs

from headway.adapters.steps.cache import Entry
from headway.adapters.steps.log import Log
from headway.adapters.steps.mlflow import DESCRIPTION
from headway.adapters.steps.report import reported
from headway.adapters.steps.run import Outcome, Step, python_paths, run
from headway.adapters.steps.workplace import workplace
from headway.reconcile.ports import PortError, Store, TrainJob
from headway.spec.digest import canonical, digest, digest_of
from headway.spec.training import Param

__all__ = ["STEP_VERSION", "Made", "Place", "command_of", "lay", "train_key", "train_step"]

# Raised whenever a step is run otherwise than before, so that no older entry is taken for it.
STEP_VERSION = "train/3"
MODEL_AT_MOST = 4 * 2**30
HASH_SEEDS = 2**32


class Place(Struct, frozen=True, kw_only=True):
    """Where a step runs: its interpreter, the folder for its work, where declared secrets are taken from."""

    python: Path
    work: Path
    environ: Mapping[str, str]


class Made(Struct, frozen=True, kw_only=True):
    """How a step ended and what it made; `entry` is None when it failed; `log` is the digest of what it printed."""

    outcome: Outcome
    entry: Entry | None = None
    log: str = ""


def train_key(job: TrainJob, environment: str) -> str:
    """What a training depends on, `environment` being the identity of its Python: never file times, never samples."""
    return digest_of(
        {
            "step": STEP_VERSION,
            "train": canonical(job.model.spec.train).decode(),
            "params": _params(job),
            "files": {path: digest(data) for path, data in job.files.items()},
            "data": canonical(job.lock.spec.train).decode(),
            "environment": environment,
            "threads": _threads(),
        }
    )


def train_step(job: TrainJob, store: Store, place: Place) -> Made:
    """Run the program in a fresh folder that holds the declared files and the training rows, nothing else.

    PortError when that folder cannot be made; whatever happens afterwards is an outcome.
    """
    try:
        command = command_of(job.model.spec.train.run, _params(job), place.python)
        secrets = _secrets(job, place)
    except PortError as error:
        return Made(outcome=Outcome(reason=str(error), seconds=0.0, isolation="", log=b""))
    with workplace(place.work, "train") as root:
        folder = root / "model"
        lay(folder, job.files)
        for file in job.lock.spec.train:
            store.place(file.sha256, _inside(folder, file.path))
        for name in ("home", "tmp"):
            (root / name).mkdir()
        (folder / "out").mkdir(exist_ok=True)
        step = Step(
            command=command,
            folder=folder,
            environ=secrets | _environ(job, place.python, root),
            readable=python_paths(place.python),
            writable=(root,),
            network="open",
            timeout_s=job.model.spec.train.timeout,
            memory=job.model.spec.train.memory,
        )
        with _followed(job, place) as sink:
            outcome = run(step, Log(tuple(secrets.values()), sink.write))
        return _collect(job, folder, outcome, store)


def lay(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files by relative path into a new folder; PortError for a path that leads out of it."""
    folder.mkdir(parents=True)
    for path, data in files.items():
        _inside(folder, path).write_bytes(data)


def command_of(text: str, params: Mapping[str, Param], python: Path) -> tuple[str, ...]:
    """A `run` line as words, each `{name}` filled in after the split, so that no value becomes two words.

    PortError for a name that is no parameter, and for an open quote.

    >>> command_of("python train.py --name '{name}' --n={n}", {"name": "a b", "n": 3}, Path("/venv/bin/python"))
    ('/venv/bin/python', 'train.py', '--name', 'a b', '--n=3')
    """

    def fill(found: re.Match[str]) -> str:
        if found[1] not in params:
            known = ", ".join(params) or "none"
            raise PortError(f"`run: {text}` names {found[0]}, which is no parameter; there are: {known}.")
        return str(params[found[1]])

    try:
        words = [re.sub(r"\{(\w+)\}", fill, word) for word in shlex.split(text)]
    except ValueError as error:
        raise PortError(f"`run: {text}` cannot be split into words: {error}.") from error
    if not words:
        raise PortError("`run` is empty; name the program that trains, such as `python train.py`.")
    first = str(python) if words[0] in {"python", "python3"} else words[0]
    return (first, *words[1:])


def _params(job: TrainJob) -> dict[str, Param]:
    return {**job.model.spec.train.params, **job.params}


def _inside(folder: Path, path: str) -> Path:
    if Path(path).is_absolute() or ".." in Path(path).parts:
        raise PortError(f"{path!r} leads out of the model's folder.")
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    return target


def _secrets(job: TrainJob, place: Place) -> dict[str, str]:
    names = job.model.spec.train.secrets
    missing = [name for name in names if name not in place.environ]
    if missing:
        raise PortError(
            f"{', '.join(missing)}: declared under train.secrets and not in Headway's environment. Export it first."
        )
    return {name: place.environ[name] for name in names}


def _environ(job: TrainJob, python: Path, root: Path) -> dict[str, str]:
    """All that a program may read of an environment, and all of it part of the key or the same everywhere."""
    seed, out = job.model.spec.train.seed, root / "model" / "out"
    return {
        "PATH": f"{python.parent}:/usr/local/bin:/usr/bin:/bin",
        "VIRTUAL_ENV": str(python.parent.parent),
        "HOME": str(root / "home"),
        "TMPDIR": str(root / "tmp"),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "OMP_NUM_THREADS": _threads(),
        "PYTHONHASHSEED": str(seed % HASH_SEEDS),
        "PYTHONUNBUFFERED": "1",
        "HEADWAY_PARAMS": json.dumps(_params(job), sort_keys=True),
        "HEADWAY_SEED": str(seed),
        "HEADWAY_OUT": str(out),
        "MLFLOW_TRACKING_URI": (out / "mlruns").as_uri(),
        # MLflow 3.17 refuses a folder as its store unless it is told so, and a database would need SQLAlchemy.
        "MLFLOW_ALLOW_FILE_STORE": "true",
        "MLFLOW_RUN_CONTEXT": json.dumps({"headway.run": job.model.metadata.name}),
    }


def _threads() -> str:
    return str(len(os.sched_getaffinity(0)))


def _followed(job: TrainJob, place: Place) -> IO[bytes]:
    """The file in which a running step's output can be followed."""
    folder = place.work / "logs"
    folder.mkdir(exist_ok=True)
    return (folder / f"{job.model.metadata.name}.log").open("wb", buffering=0)


def _collect(job: TrainJob, folder: Path, outcome: Outcome, store: Store) -> Made:
    reason, model = outcome.reason, folder / job.model.spec.train.writes
    try:
        log = store.put(outcome.log)
        reason = reason or _fault(model, folder)
        if reason:
            return Made(outcome=structs.replace(outcome, reason=reason), log=log)
        numbers, broken = reported(folder)
        note = "; ".join(filter(None, (outcome.note, broken)))
        kept = {"model": store.put(model)}
        entry = Entry(
            files={"log": log} if model.is_dir() else {**kept, "log": log},
            folders=kept if model.is_dir() else {},
            reported=numbers,
            isolation=outcome.isolation,
            note=note,
        )
    except PortError as error:
        return Made(outcome=structs.replace(outcome, reason=f"its results cannot be kept: {error}"))
    return Made(outcome=structs.replace(outcome, note=note), entry=entry, log=log)


def _fault(model: Path, folder: Path) -> str:
    """Why what a program left cannot be kept; every process that could still change it has ended."""
    name = model.relative_to(folder).as_posix()
    if model.is_symlink() or not model.resolve().is_relative_to(folder.resolve()):
        return f"{name} is a link, or lies behind one; a step writes regular files in its own folder"
    if model.is_dir() and not (model / DESCRIPTION).is_file():
        return f"{name} is a folder without {DESCRIPTION}; `train.writes` names a file, or a folder that MLflow saved"
    if not (model.is_file() or model.is_dir()):
        return f"it wrote no file {name}; `train.writes` names the file that the program writes"
    files = [path for path in model.rglob("*") if path.is_file()] if model.is_dir() else [model]
    size = sum(path.stat().st_size for path in files)
    if not 0 < size <= MODEL_AT_MOST:
        return f"{name} has {size} bytes; from 1 to {MODEL_AT_MOST} can be kept"
    return ""
