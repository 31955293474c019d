"""Makes a bundle of a bare model file, or of a folder that MLflow saved, so that it can be served without a repository.

The way is the one of packaging: scanned before anything is loaded, described, converted and compared.
"""

import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
from msgspec import Struct

from headway.adapters.data.rows import typed
from headway.adapters.data.tables import open_table
from headway.adapters.steps.environments import Environments
from headway.adapters.steps.mlflow import DESCRIPTION
from headway.adapters.steps.package import Packaged, package
from headway.adapters.steps.subject import Bench, Subject, Task
from headway.app.errors import RefusedError
from headway.app.settings import Settings
from headway.evidence.scan.fault import ALLOW
from headway.reconcile.ports import PortError

__all__ = ["Bare", "bundled"]

MOST_BYTES = 4 * 2**30
TORCH = {".pt", ".pth", ".pt2", ".ckpt"}


class Bare(Struct, frozen=True, kw_only=True):
    """A model file as a user gives it; `python` is the interpreter that has its libraries, `code` modules it names."""

    path: Path
    sample: Path | None = None
    label: str = ""
    task: Task | None = None
    name: str = ""
    python: Path = Path(sys.executable)
    allow: tuple[str, ...] = ()
    code: tuple[Path, ...] = ()


@contextmanager
def bundled(bare: Bare, settings: Settings, tell: Callable[[str], None]) -> Iterator[Packaged]:
    """A bundle in a temporary folder that goes with the block; RefusedError says what hinders, and what to do."""
    subject = _subject(bare)
    with tempfile.TemporaryDirectory(prefix="headway-serve-", ignore_cleanup_errors=True) as place:
        try:
            made = package(subject, _bench(bare, subject, settings, Path(place), tell))
        except PortError as error:
            raise RefusedError(_worded(str(error), bare)) from None
        yield made


def _rows(file: Path) -> pl.DataFrame:
    """The rows of a CSV, Parquet or JSON-lines file, typed as the rows of a repository are."""
    try:
        return typed(open_table(file.name, file.read_bytes()).frame())
    except OSError as error:
        raise RefusedError(f"{file} cannot be read: {error.strerror}.") from None
    except (PortError, pl.exceptions.PolarsError) as error:
        raise RefusedError(f"{file} cannot be read as rows: {str(error).splitlines()[0]}") from None


def _subject(bare: Bare) -> Subject:
    if bare.path.suffix.lower() in TORCH:
        raise RefusedError(
            f"{bare.path.name} is PyTorch's own form, which only PyTorch reads. Write ONNX, with a first dimension "
            "that is free: torch.onnx.export(model, (rows,), 'model.onnx', dynamo=True, external_data=False, "
            "dynamic_shapes=({0: 'rows'},))."
        )
    model = _files(bare.path)
    entry = DESCRIPTION if bare.path.is_dir() else bare.path.name
    if bare.sample is None and not _tells_columns(entry):
        raise RefusedError(
            f"{bare.path.name} does not say what its columns hold. Give some rows that it may be asked: "
            "--sample rows.csv."
        )
    reference = _rows(bare.sample) if bare.sample else pl.DataFrame()
    if bare.sample and reference.is_empty():
        raise RefusedError(
            f"{bare.sample} holds no rows. Give a header line and some rows that the model may be asked."
        )
    if bare.label and bare.label not in reference.columns:
        known = ", ".join(reference.columns[:20]) or "none, without --sample"
        raise RefusedError(f"The sample has no column {bare.label!r}; its columns: {known}.")
    return Subject(
        name=bare.name or re.sub(r"[^A-Za-z0-9._-]+", "-", bare.path.resolve().stem).strip("-.") or "model",
        task=bare.task or _task_of(reference, bare.label),
        label=bare.label,
        entry=entry,
        model=model,
        code={path.name: path.read_bytes() for path in bare.code},
        reference=reference,
        comparable=bare.sample is not None,
        several=True,
        allow=bare.allow,
    )


def _tells_columns(entry: str) -> bool:
    return entry == DESCRIPTION or entry.lower().endswith(".onnx")


def _task_of(reference: pl.DataFrame, label: str) -> Task | None:
    """Labels that are no numbers are classes; anything else is told by the model."""
    return "classification" if label and reference[label].dtype in {pl.String, pl.Boolean} else None


def _files(path: Path) -> dict[str, bytes]:
    files = sorted(file for file in path.rglob("*") if not file.is_dir()) if path.is_dir() else [path]
    if any(file.is_symlink() and path.is_dir() for file in files):
        raise RefusedError(f"{path} holds a link. Copy what it leads to into the folder.")
    try:
        if (size := sum(file.stat().st_size for file in files)) > MOST_BYTES:
            raise RefusedError(f"{path} holds {size:,} bytes, more than {MOST_BYTES:,}.")
        base = path if path.is_dir() else path.parent
        return {file.relative_to(base).as_posix(): file.read_bytes() for file in files}
    except OSError as error:
        raise RefusedError(f"{error.filename} cannot be read: {error.strerror}.") from None


def _bench(bare: Bare, subject: Subject, settings: Settings, place: Path, tell: Callable[[str], None]) -> Bench:
    """With the converters where they are of use; without them, which no network is a reason for, it says why."""
    if subject.entry.lower().endswith(".onnx") or not subject.comparable:
        return Bench(python=bare.python, place=place)
    environments = Environments(settings.folders.cache, settings.environ)
    try:
        return Bench(python=bare.python, place=place, converters=environments.converters(bare.python, tell=tell))
    except PortError as error:
        return Bench(python=bare.python, place=place, missing=f"the converters are not there: {error}")


def _worded(told: str, bare: Bare) -> str:
    """What packaging says to a repository, said to somebody who has none."""
    told = told.replace(ALLOW, "If you trust it, allow it by name: --allow MODULE:NAME")
    if "No module named" in told:
        told += f" {bare.python} does not have it: say --python with the interpreter that the model was made with."
    return told
