"""Shows a view again and again until Ctrl-C: in place on a terminal, and as it changes into a file or a pipe."""

import shutil
import sys
import time
from collections.abc import Callable
from typing import TypeVar

import click
import msgspec

from headway.app.show import fit, say, strip_escapes

__all__ = ["again", "screen"]

V = TypeVar("V")

EVERY_S = 1.0
HOME, END_OF_LINE, BELOW, CLEAR = "\x1b[H", "\x1b[K", "\x1b[J", "\x1b[2J"
HIDE_CURSOR, SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"


def again(look: Callable[[], V], output: str, text: Callable[[V], str]) -> None:
    """Look every second and show what is seen; KeyboardInterrupt ends it, with the last view left on the screen.

    JSON is a document a line, written when it differs from the one before; so is text that goes to no terminal.
    """
    if output == "text" and sys.stdout.isatty():
        _in_place(look, text)
    before = ""
    while True:
        view = look()
        shown = msgspec.json.encode(view).decode() if output == "json" else text(view)
        if shown != before:
            click.echo(shown) if output == "json" else say(f"{shown}\n")
        before = shown
        time.sleep(EVERY_S)


def _in_place(look: Callable[[], V], text: Callable[[V], str]) -> None:
    try:
        click.echo(f"{HIDE_CURSOR}{CLEAR}", nl=False)
        while True:
            shown = text(look())
            size = shutil.get_terminal_size()
            click.echo(screen(shown, size.columns, size.lines), nl=False)
            time.sleep(EVERY_S)
    finally:
        click.echo(SHOW_CURSOR)


def screen(said: str, columns: int, rows: int) -> str:
    r"""A text drawn over the one before, without a flicker; what does not fit is cut, and that is said.

    >>> screen("one\ntwo\nthree", 40, 3)
    '\x1b[Hone\x1b[K\n... and 2 lines more\x1b[K\n\x1b[J'
    """
    lines = fit(strip_escapes(said), columns).split("\n")
    if len(lines) > rows - 1:
        lines = [*lines[: rows - 2], f"... and {len(lines) - rows + 2} lines more"]
    return HOME + "".join(f"{line}{END_OF_LINE}\n" for line in lines) + BELOW
