"""`headway down`: ends traffic, then models, then Envoy, then the supervisor."""

from pathlib import Path

import click

from headway.app.show import repo_option

__all__ = ["command"]


@click.command("down")
@repo_option
def command(repo: str) -> None:
    """End what serves on this machine: traffic first, models last."""
    from headway.app.repository import open_repository
    from headway.app.wiring import open_runtime

    ended = open_runtime(open_repository(Path(repo))).shut_down()
    click.echo("Everything has ended." if ended else "Nothing was running.")
