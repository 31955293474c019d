"""`headway predict`: predictions for the rows of a CSV file, by the path that serves."""

import csv
import io
import sys
from pathlib import Path
from typing import Any

import click
from msgspec import Struct

from headway.app.errors import RefusedError
from headway.app.show import output_option, show

__all__ = ["Predictions", "command"]


class Predictions(Struct, frozen=True, kw_only=True):
    """One row of outputs for each row of the file; `ignored` are its columns that the model does not take."""

    header: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    ignored: tuple[str, ...] = ()


@click.command("predict")
@click.argument("bundle", type=click.Path(path_type=Path))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--to", type=click.Path(dir_okay=False, path_type=Path), help="Write the predictions here (CSV).")
@click.option("--python", default=sys.executable, help="The interpreter of a bundle whose runtime is python.")
@output_option
def command(bundle: Path, file: Path, to: Path | None, python: str, output: str) -> None:
    """Predict the rows of FILE (CSV with a header line) with BUNDLE (its folder)."""
    try:
        from headway.serve.bundle import open_bundle
        from headway.serve.fault import RefusedError as Refusal
        from headway.serve.score import read_csv, score
    except ModuleNotFoundError as missing:
        raise RefusedError(f"{missing.name} is not installed; install headway[serve].") from None
    try:
        header, lines = read_csv(file)
        scored = score(open_bundle(bundle.resolve()), header, lines, python)
        view = Predictions(header=scored.header, rows=scored.rows, ignored=scored.ignored)
    except Refusal as refusal:
        raise RefusedError(str(refusal)) from None
    if view.ignored:
        click.echo(f"not taken by the model: {', '.join(view.ignored)}", err=True)
    if to:
        to.write_text(_csv(view), encoding="utf-8", newline="")
    else:
        show(view, output, _csv)


def _csv(view: Predictions) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(view.header)
    writer.writerows(view.rows)
    return text.getvalue()
