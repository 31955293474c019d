"""`headway demo`: the main job on real flights, from an empty folder to a proven rollback."""

from pathlib import Path

import click

__all__ = ["command"]


@click.command("demo")
@click.option("--dir", "folder", type=click.Path(path_type=Path), help="Where to work (default: in the cache).")
@click.option("--keep", is_flag=True, help="Leave the repository and what serves as they are at the end.")
@click.option("--json", "report", type=click.Path(path_type=Path), help="Write what each step came to.")
@click.option("--set-up", is_flag=True, help="Only build the training environment, so that no network is needed later.")
def command(folder: Path | None, *, keep: bool, report: Path | None, set_up: bool) -> None:
    """Show the whole way of a change on real flights of 2013, in about four minutes."""
    from headway.app.demo.setup import prepare
    from headway.app.demo.showing import show_all
    from headway.app.settings import read_settings

    settings = read_settings()
    prepare(settings)
    if not set_up:
        show_all(settings, folder, keep=keep, report=report)
