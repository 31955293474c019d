"""`headway explain`: what a code of a finding means, and what a field of a kind is."""

import click

from headway.app.show import output_option, show

__all__ = ["command"]


@click.command("explain")
@click.argument("words", metavar="CODE|KIND[.FIELD]")
@output_option
def command(words: str, output: str) -> None:
    """Say what a code means (E204), or what a field takes (Model.rollout.deadline)."""
    from headway.app.explaining import answer, text

    show(answer(words), output, text)
