"""`headway history`: the story of a model, record by record."""

from pathlib import Path

import click

from headway.app.show import output_option, repo_option, show

__all__ = ["command"]


@click.command("history")
@click.argument("model")
@repo_option
@output_option
def command(model: str, repo: str, output: str) -> None:
    """Tell what happened to MODEL, oldest first: when, which version, where, what, why, signed by whom."""
    from headway.app.proving import told
    from headway.app.texts import story_text

    show(told(Path(repo), model), output, story_text)
