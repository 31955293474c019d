"""Prints a view, for people or as JSON.  Nothing else prints; terminal escapes of others never reach the screen."""

import re
from collections.abc import Callable
from typing import TypeVar

import click
import msgspec

__all__ = ["output_option", "repo_option", "show", "strip_escapes"]

V = TypeVar("V")

_CONTROL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|[\x00-\x08\x0b-\x1f\x7f-\x9f]")

output_option = click.option(
    "-o", "--output", type=click.Choice(["text", "json"]), default="text", help="Text for people, or JSON."
)
repo_option = click.option(
    "--repo",
    "--path",
    "repo",
    type=click.Path(exists=True, file_okay=False),
    default=".",
    help="The repository, or the project's folder in a monorepo (default: here).",
)


def strip_escapes(text: str) -> str:
    r"""Take terminal escapes and control characters (but newline and tab) out of a text of unknown origin.

    >>> strip_escapes("a\x1b[31mred\x1b[0m\x07")
    'ared'
    """
    return _CONTROL.sub("", text)


def show(view: V, output: str, text: Callable[[V], str]) -> None:
    """Print a view as JSON, or as the text that `text` makes of it."""
    if output == "json":
        click.echo(msgspec.json.format(msgspec.json.encode(view), indent=2).decode())
    else:
        click.echo(strip_escapes(text(view)).rstrip("\n"))
