"""`headway settings`: the values in force on this machine, and where each came from."""

from collections.abc import Sequence

import click

from headway.app.settings import InForce, in_force, read_settings
from headway.app.show import output_option, show

__all__ = ["command"]


@click.command("settings")
@output_option
def command(output: str) -> None:
    """Show every setting with its value, its unit, and the variable or default that it came from."""
    show(in_force(read_settings()), output, text)


def text(view: Sequence[InForce]) -> str:
    """One line a setting."""
    return "\n".join(f"{line.field:<15} {line.value} {_unit(line)} ({line.source})" for line in view)


def _unit(line: InForce) -> str:
    return {"seconds": "s"}.get(line.unit, "")
