"""`headway check`: every finding about what is wished, with its place and what to do."""

from pathlib import Path

import click

from headway.app.errors import RefusedError
from headway.app.show import output_option, repo_option, show
from headway.app.views import Checked
from headway.spec.finding import Finding, Severity

__all__ = ["command"]


@click.command("check")
@click.option("--commit", help="Check this commit instead of the work tree.")
@repo_option
@output_option
def command(commit: str | None, repo: str, output: str) -> None:
    """Print all findings of all files at once."""
    from headway.app.checking import check

    view = check(Path(repo), commit)
    show(view, output, text)
    errors = sum(finding.severity == Severity.ERROR for finding in view.findings)
    if errors:
        raise RefusedError(f"{_some(errors, 'error')}; nothing of a broken document is used.")


def text(view: Checked) -> str:
    """The findings for people, and how many there are."""
    errors = sum(finding.severity == Severity.ERROR for finding in view.findings)
    held = f" ({len(view.held)} held: {', '.join(view.held)})" if view.held else ""
    read = f"{_some(view.models, 'model')}{held}, {_some(view.environments, 'environment')}"
    found = f"{_some(errors, 'error')}, {_some(len(view.findings) - errors, 'warning')}"
    return "\n".join([*(_finding(finding) for finding in view.findings), f"{read}: {found}"])


def _finding(finding: Finding) -> str:
    mark = "" if finding.severity == Severity.ERROR else "warning: "
    return f"{finding.code} {mark}{finding.what}\n  {finding.place}\n  {finding.why}\n  {finding.do}\n"


def _some(number: int, what: str) -> str:
    return f"{number or 'no'} {what}{'' if number == 1 else 's'}"
