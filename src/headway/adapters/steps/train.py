"""The step `train`: the team's program, on the training part of the data, in the environment of its requirements."""

import json
import shutil
import sys
import sysconfig
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from headway.adapters.steps.cache import Entry
from headway.adapters.steps.run import Outcome, Step, run, split_command
from headway.reconcile.ports import PortError, Store, TrainJob
from headway.spec.digest import canonical, digest, digest_of

__all__ = ["STEP_VERSION", "Made", "train_key", "train_step"]

# Raised whenever a step is run otherwise than before, so that no older entry is taken for it.
STEP_VERSION = "train/1"
MODEL_AT_MOST = 4 * 2**30
REPORT_AT_MOST = 2**20


class Made(Struct, frozen=True, kw_only=True):
    """How a step ended and what it made; `entry` is None when it failed."""

    outcome: Outcome
    entry: Entry | None


def train_key(job: TrainJob) -> str:
    """What a training depends on: never file times, never sampled bytes."""
    train = job.model.spec.train
    return digest_of(
        {
            "step": STEP_VERSION,
            "train": canonical(train).decode(),
            "files": {path: digest(data) for path, data in job.files.items()},
            "data": canonical(job.lock.spec.train).decode(),
            "python": sys.version,
            "platform": sysconfig.get_platform(),
        }
    )


def train_step(job: TrainJob, python: Path, store: Store, environ: Mapping[str, str], work: Path) -> Made:
    """Run the program in a fresh folder that holds the declared files and the training rows, nothing else."""
    train = job.model.spec.train
    work.mkdir(parents=True, exist_ok=True)
    place = Path(tempfile.mkdtemp(prefix="train-", dir=work))
    try:
        folder = place / "folder"
        lay(folder, job.files)
        for file in job.lock.spec.train:
            store.place(file.sha256, _inside(folder, file.path))
        (folder / "out").mkdir(exist_ok=True)
        command = split_command(train.run, train.params)
        step = Step(
            command=tuple(str(python) if word == "python" and not at else word for at, word in enumerate(command)),
            folder=folder,
            environ=_environ(job, python, folder, environ),
            readable=(python.parent.parent,),
            timeout_s=train.timeout,
            memory=train.memory,
        )
        outcome = run(step)
        return _collect(job, folder, outcome, store)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def lay(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files by relative path into a new folder; PortError for a path that leads out of it."""
    folder.mkdir(parents=True)
    for path, data in files.items():
        target = _inside(folder, path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)


def _inside(folder: Path, path: str) -> Path:
    target = folder / path
    if Path(path).is_absolute() or ".." in Path(path).parts:
        raise PortError(f"{path!r} leads out of the model's folder.")
    target.parent.mkdir(parents=True, exist_ok=True)
    return target


def _environ(job: TrainJob, python: Path, folder: Path, environ: Mapping[str, str]) -> dict[str, str]:
    train = job.model.spec.train
    missing = [name for name in train.secrets if name not in environ]
    if missing:
        raise PortError(f"The secrets {', '.join(missing)} are declared and not in the environment of `headway`.")
    own = {
        "PATH": f"{python.parent}:/usr/local/bin:/usr/bin:/bin",
        "VIRTUAL_ENV": str(python.parent.parent),
        "HOME": str(folder),
        "TMPDIR": str(folder / "out"),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONHASHSEED": str(train.seed),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HEADWAY_PARAMS": json.dumps(train.params, sort_keys=True),
        "HEADWAY_SEED": str(train.seed),
        "HEADWAY_OUT": str(folder / "out"),
        "MLFLOW_TRACKING_URI": (folder / "out" / "mlruns").as_uri(),
    }
    return own | {name: environ[name] for name in train.secrets}


def _collect(job: TrainJob, folder: Path, outcome: Outcome, store: Store) -> Made:
    reason = outcome.reason
    model = folder / job.model.spec.train.writes
    if not reason:
        reason = _fault(model, folder)
    if reason:
        log = store.put(outcome.log)
        failed = Outcome(
            reason=f"{reason} (log {log[:12]})", seconds=outcome.seconds, isolation=outcome.isolation, log=outcome.log
        )
        return Made(outcome=failed, entry=None)
    entry = Entry(
        outputs={"model": store.put(model), "log": store.put(outcome.log)},
        notes=_reported(folder),
        seconds=outcome.seconds,
        isolation=outcome.isolation,
    )
    return Made(outcome=outcome, entry=entry)


def _fault(model: Path, folder: Path) -> str:
    name = model.relative_to(folder).as_posix()
    if model.is_symlink() or not model.resolve().is_relative_to(folder.resolve()):
        return f"{name} is a link; a step writes regular files in its own folder"
    if not model.is_file():
        return f"it wrote no {name}; `train.writes` names the file that the program writes"
    if model.stat().st_size > MODEL_AT_MOST:
        return f"{name} has {model.stat().st_size} bytes; at most {MODEL_AT_MOST} are kept"
    return ""


def _reported(folder: Path) -> dict[str, float]:
    """Numbers of the program's own metrics.json: kept as reported, and they open no gate."""
    for path in (folder / "metrics.json", folder / "out" / "metrics.json"):
        with suppress(OSError, ValueError):
            if path.is_file() and not path.is_symlink() and path.stat().st_size <= REPORT_AT_MOST:
                found = json.loads(path.read_bytes())
                if isinstance(found, dict):
                    return {str(k): float(v) for k, v in found.items() if isinstance(v, int | float)}
    return {}
