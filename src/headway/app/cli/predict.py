"""`headway predict`: predictions for the rows of a file, by the path that serves."""

from pathlib import Path

import click

from headway.app.show import output_option, repo_option, show

__all__ = ["command"]


@click.command("predict")
@click.argument("version", metavar="MODEL@VERSION|FOLDER")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--to", type=click.Path(dir_okay=False, path_type=Path), help="Write here: CSV, or Parquet by its name.")
@click.option("--python", help="Another interpreter for a bundle whose runtime is python.")
@repo_option
@output_option
def command(*, version: str, file: Path, to: Path | None, python: str | None, repo: str, output: str) -> None:
    """Predict the rows of FILE (CSV with a header line, or Parquet) with a version of the record or a bundle's folder.

    The bytes of a version come from the store and are compared with the record first.
    """
    from headway.app.predicting import predict, text, write

    view = predict(Path(repo), version, file, python)
    if view.ignored:
        click.echo(f"not taken by the model: {', '.join(view.ignored)}", err=True)
    if to:
        write(view, to)
    else:
        show(view, output, text)
