"""`headway init`: a new repository, or an existing script put under Headway."""

from pathlib import Path

import click

from headway.app.init.write import Written, write
from headway.app.show import output_option, show

__all__ = ["command"]


@click.command("init")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=".")
@click.option("--script", type=click.Path(dir_okay=False, path_type=Path), help="The program that trains.")
@output_option
def command(folder: Path, script: Path | None, output: str) -> None:
    """Read what is there, write what is missing, and say what was guessed.  Safe to run twice.

    The script is parsed and never run; it stays where it is, and model.yaml goes beside it.
    """
    from headway.app.founding import found
    from headway.app.repository import open_repository
    from headway.app.settings import read_settings

    written = write(folder, script, read_settings())
    found(open_repository(folder))
    show(written, output, text)


def text(view: Written) -> str:
    """What was written and guessed, for people."""
    lines = [f"wrote    {path}" for path in view.wrote] + [f"kept     {path}" for path in view.kept]
    lines += [f"guessed  {guess.field:<19} {guess.value}  ({guess.source})" for guess in view.guesses]
    lines += [f"look     {line}" for line in view.look]
    return "\n".join([*lines, "Look at the files, commit them, and start `headway up`."])
