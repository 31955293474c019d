"""Predicts the rows of a file with a bundle: a folder, or a version of the record with its bytes from the store."""

import csv
import io
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from msgspec import Struct

from headway.app.errors import RefusedError
from headway.app.repository import open_repository
from headway.reconcile.ports import PortError

__all__ = ["Predictions", "predict", "text", "write"]


class Predictions(Struct, frozen=True, kw_only=True):
    """One row of outputs for each row of the file; `ignored` are its columns that the model does not take."""

    header: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    ignored: tuple[str, ...] = ()


def predict(repo: Path, named: str, file: Path, python: str | None) -> Predictions:
    """Predict FILE with a bundle's folder or MODEL@VERSION; RefusedError when that, or a row, cannot be used.

    `python` is the interpreter of a bundle whose runtime is python; None: the environment of a version's requirements,
    and this interpreter for a folder.
    """
    try:
        from headway.serve.fault import RefusedError as Refusal
        from headway.serve.models.bundle import open_bundle
        from headway.serve.score import score
    except ModuleNotFoundError as missing:
        raise RefusedError(f"{missing.name} is not installed; install headway[serve].") from None
    try:
        header, lines = _read(file)
        if "@" in named and not Path(named).exists():
            with _placed(repo, named) as (folder, digest):
                opened = open_bundle(folder, digest)
                chosen = python or (_interpreter(repo, folder) if opened.manifest.runtime == "python" else "")
                scored = score(opened, header, lines, chosen)
        else:
            scored = score(open_bundle(Path(named).resolve()), header, lines, python or sys.executable)
    except (Refusal, PortError) as refusal:
        raise RefusedError(str(refusal)) from None
    return Predictions(header=scored.header, rows=scored.rows, ignored=scored.ignored)


@contextmanager
def _placed(repo: Path, named: str) -> Iterator[tuple[Path, str]]:
    """The bundle of a version, copied out of the store byte for byte, and its digest."""
    from headway.app.storage import open_store
    from headway.app.wiring import open_book

    model, _, version = named.partition("@")
    repository = open_repository(repo)
    state = open_book(repository).ledger.model(model)
    made = state.version(version)
    if made is None:
        known = ", ".join(made.version for made in state.versions[-8:]) or "none"
        raise RefusedError(f"The record knows no {named}; of {model} it knows the versions: {known}.")
    with tempfile.TemporaryDirectory(prefix="headway-predict-") as place:
        folder = Path(place) / "bundle"
        open_store(repository).place(made.bundle, folder)
        yield folder, made.bundle


def _interpreter(repo: Path, folder: Path) -> str:
    from headway.app.wiring import bundle_interpreter

    return str(bundle_interpreter(open_repository(repo).settings, folder))


def _read(file: Path) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
    from headway.serve.score import read_csv

    if file.suffix != ".parquet":
        return read_csv(file)
    pl = _polars()
    try:
        frame = pl.read_parquet(file)
        return frame.columns, frame.cast(pl.String).fill_null("").rows()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise RefusedError(f"{file} cannot be read as Parquet: {str(error).splitlines()[0]}") from None


def write(view: Predictions, to: Path) -> None:
    """Write predictions to a file: Parquet when it is named so, else CSV."""
    if to.suffix == ".parquet":
        _polars().DataFrame(view.rows, schema=list(view.header), orient="row", infer_schema_length=None).write_parquet(
            to
        )
    else:
        to.write_text(text(view), encoding="utf-8", newline="")


def text(view: Predictions) -> str:
    """Predictions as CSV with a header line."""
    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\n")
    writer.writerow(view.header)
    writer.writerows(view.rows)
    return made.getvalue()


def _polars() -> Any:  # noqa: ANN401 - an optional module
    try:
        import polars as pl
    except ModuleNotFoundError:
        raise RefusedError("polars is not installed; install headway[local] for Parquet, or give CSV.") from None
    return pl
