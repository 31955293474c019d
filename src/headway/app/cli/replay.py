"""`headway replay`: every verdict, computed again from its record."""

from pathlib import Path

import click

from headway.app.errors import RefusedError
from headway.app.show import output_option, repo_option, show

__all__ = ["command"]


@click.command("replay")
@click.argument("model", default="")
@click.option("--all", "every", is_flag=True, help="Print those that came out the same, too.")
@repo_option
@output_option
def command(model: str, *, every: bool, repo: str, output: str) -> None:
    """Compute every verdict again, of MODEL or of all, by the rule that its record names."""
    from headway.app.proving import replayed
    from headway.app.texts import replay_text

    found = replayed(Path(repo), model)
    wrong = sum(again.outcome != "same" for again in found)
    show(found, output, lambda view: replay_text(view, every=every))
    if wrong:
        raise RefusedError(
            f"{wrong} of {len(found)} verdicts did not come out as recorded. A rule that is unknown here needs a newer "
            "Headway; one that differs was not computed by the rule it names."
        )
