"""`headway plan`: what the next pass would do, and why."""

from pathlib import Path

import click

from headway.app.show import output_option, repo_option, show
from headway.app.views import Plan
from headway.app.wording import line_of
from headway.reconcile.foreseeing import Foreseen

__all__ = ["command"]


@click.command("plan")
@repo_option
@output_option
def command(repo: str, output: str) -> None:
    """Show what the next pass would do, and why."""
    from headway.app.overview import next_plan

    show(next_plan(Path(repo)), output, text)


def text(plan: Plan) -> str:
    """The plan for people."""
    head = "Nothing to do." if plan.empty else f"Plan {plan.digest[:12]}:"
    lines = [head, *(f"  {action.model}: {line_of(action)}" for action in plan.actions)]
    lines += [f"  {model}: cannot be planned: {why}" for model, why in plan.unseen.items()]
    for found in plan.foreseen:
        lines += ["", *_foreseen(found)]
    if plan.foreseen and plan.false_aborts:
        expected = f"{plan.false_aborts:.2g} harmless candidates are aborted in a year, over all models"
        lines += ["", f"At the pace of the last year at most {expected}."]
    return "\n".join(lines)


def _foreseen(found: Foreseen) -> list[str]:
    lines = [f"What a rollout of {found.model} {found.version} in {found.environment} can see:"]
    lines += [f"  {said}" for said in found.said]
    for finding in found.findings:
        lines += [f"{finding.code} {finding.what} ({finding.place})", f"  {finding.why}", f"  {finding.do}"]
    return lines
