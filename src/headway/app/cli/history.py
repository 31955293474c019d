"""`headway history`: the story of a model, record by record."""

from collections.abc import Sequence
from pathlib import Path

import click

from headway.app.show import output_option, repo_option, show
from headway.evidence.story import Told

__all__ = ["command"]


@click.command("history")
@click.argument("model")
@repo_option
@output_option
def command(model: str, repo: str, output: str) -> None:
    """Tell what happened to MODEL, oldest first: when, which version, where, what, why, signed by whom."""
    from headway.app.stories import told

    show(told(Path(repo), model), output, text)


def text(lines: Sequence[Told]) -> str:
    """One line a record."""
    return "\n".join(map(_line, lines))


def _line(line: Told) -> str:
    place = f" in {line.environment}" if line.environment else ""
    why = f": {line.why}" if line.why else ""
    when = line.at[:19].replace("T", " ")
    return f"{when}  {line.version or '-':<8} {line.what}{place}{why}  [{line.signer}]"
