"""`headway review`: what a change does, as Markdown for a pull request."""

from pathlib import Path

import click

from headway.app.errors import RefusedError
from headway.app.show import output_option, repo_option, show

__all__ = ["command"]


@click.command("review")
@click.argument("ref", required=False)
@click.option("--check", is_flag=True, help="Leave with 1 when a spec is wrong, a training fails or a gate refuses.")
@repo_option
@output_option
def command(*, ref: str | None, check: bool, repo: str, output: str) -> None:
    """Compare a branch or commit (or, without REF, the work tree) with main.

    Its models are trained and measured as `headway up` would, caged and cached; no version is made, nothing is
    written to the record, and no key is needed. The training programs of REF do run on this machine.
    """
    from headway.app.review.markdown import markdown
    from headway.app.review.run import review

    view = review(Path(repo), ref)
    show(view, output, markdown)
    if check and not view.passes:
        raise RefusedError("The change does not pass; the review says why.")
