"""`headway down`: ends `headway up`, traffic, then models, then Envoy, then the supervisor."""

from pathlib import Path

import click

from headway.app.show import repo_option

__all__ = ["command"]


@click.command("down")
@repo_option
def command(repo: str) -> None:
    """End what serves on this machine: traffic first, models last."""
    from headway.app.running import stop

    ended = stop(Path(repo))
    click.echo("Everything has ended." if ended else "Nothing was running.")
