"""Prints a view, for people or as JSON.  Nothing else prints; terminal escapes of others never reach the screen."""

import re
import shutil
import sys
import textwrap
from collections.abc import Callable
from typing import TypeVar

import click
import msgspec

__all__ = ["fit", "output_option", "repo_option", "say", "show", "strip_escapes"]

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
        say(text(view))


def say(text: str) -> None:
    """Print a text of people, fit for the terminal if there is one; a file or a pipe gets its lines whole."""
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
    said = fit(strip_escapes(text), width).rstrip("\n")
    if said:
        click.echo(said)


def fit(text: str, width: int) -> str:
    """Break lines that are longer than `width` between words, with the rest indented; 0 breaks none.

    >>> print(fit("  a place: why it is so", 16))
      a place: why
          it is so
    """
    return "\n".join(_broken(line, width) if 0 < width < len(line) else line for line in text.split("\n"))


def _broken(line: str, width: int) -> str:
    indent = " " * min(len(line) - len(line.lstrip()) + 4, width // 2)
    return "\n".join(
        textwrap.wrap(line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
    )
