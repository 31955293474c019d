"""`headway data update`: copies the data into the store and moves the lock."""

from pathlib import Path

import click

from headway.app.show import output_option, repo_option

__all__ = ["command"]


@click.group("data")
def command() -> None:
    """Pin the data that models learn from."""


@command.command("update")
@click.argument("model")
@repo_option
@output_option
def update(model: str, repo: str, output: str) -> None:
    """Copy the matched files into the store; a new lock."""
    from headway.app.locking import update_lock

    update_lock(Path(repo), model, output)
