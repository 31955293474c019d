"""`headway up`: the loop that brings the world to what Git says, and keeps it there."""

from pathlib import Path

import click

from headway.app.show import repo_option

__all__ = ["command"]


@click.command("up")
@click.option("--once", is_flag=True, help="Stop when nothing is left to do but what waits for a person.")
@repo_option
def command(*, once: bool, repo: str) -> None:
    """Bring the world to what Git says, and keep it there until Ctrl-C."""
    from headway.app.running import run

    run(Path(repo), once=once)
