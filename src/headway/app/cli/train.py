"""`headway train`: a run from the work tree; only commits on main can be released."""

from pathlib import Path

import click

from headway.app.show import output_option, repo_option

__all__ = ["command"]


@click.command("train")
@click.argument("model")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="Another value for a parameter.")
@repo_option
@output_option
def command(model: str, settings: tuple[str, ...], repo: str, output: str) -> None:
    """Train a model from the work tree, and say which steps ran and which were cached."""
    from headway.app.training import train

    train(Path(repo), model, settings, output)
