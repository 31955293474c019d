"""`headway history`: the story of a model, record by record."""

from collections.abc import Sequence
from pathlib import Path
from textwrap import wrap

import click

from headway.app.show import output_option, repo_option, show
from headway.evidence.story import Told

__all__ = ["command"]

# Where a reason begins below its record, and how wide a line may be.
_WHY, _WIDTH = 31, 140


@click.command("history")
@click.argument("model")
@repo_option
@output_option
def command(model: str, repo: str, output: str) -> None:
    """Tell what happened to MODEL, oldest first: when, which version, where, what, why, signed by whom."""
    from headway.app.stories import told

    show(told(Path(repo), model), output, text)


def text(lines: Sequence[Told]) -> str:
    """A line a record, and below it why, unless the record before said the same."""
    before = ["", *(line.why for line in lines)]
    wide = max((len(line.environment) for line in lines), default=0)
    return "\n".join(
        _told(line, wide, line.why if line.why != why else "") for line, why in zip(lines, before, strict=False)
    )


def _told(line: Told, wide: int, why: str) -> str:
    when = line.at[:19].replace("T", " ")
    place = f"{line.environment:<{wide}}  " if wide else ""
    main = f" from main {line.main[:8]}" if line.what == "trained" else ""
    head = f"{when}  {line.commit[:8]}  {line.version or '-':<8} {place}{line.what}{main}  [{line.signer}]"
    return "\n".join([head, *(row for part in why.split("\n") if part for row in _rows(part))])


def _rows(part: str) -> list[str]:
    """A reason below its record.  Most are short, and wrapping is slow."""
    indent = " " * _WHY
    if len(indent) + len(part) <= _WIDTH:
        return [indent + part]
    return wrap(part, _WIDTH, initial_indent=indent, subsequent_indent=indent + "  ")
