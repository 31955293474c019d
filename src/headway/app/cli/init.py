"""`headway init`: a new repository, or an existing script put under Headway."""

from pathlib import Path

import click

from headway.app.show import output_option, show

__all__ = ["command"]


@click.command("init")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=".")
@output_option
def command(folder: Path, output: str) -> None:
    """Read what is there, write what is missing, and say what was guessed.  Safe to run twice."""
    from headway.app.founding import found
    from headway.app.init.write import Written, write
    from headway.app.repository import open_repository
    from headway.app.settings import read_settings

    written = write(folder, read_settings())
    found(open_repository(folder))

    def text(view: Written) -> str:
        lines = [f"wrote {path}" for path in view.wrote] + [f"kept  {path}" for path in view.kept]
        lines += [f"guessed {line}" for line in view.guesses]
        return "\n".join([*lines, "Look at the files, commit them, and start `headway up`."])

    show(written, output, text)
