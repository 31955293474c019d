"""`headway plan`: what the next pass would do, and why."""

from pathlib import Path

import click

from headway.app.show import output_option, repo_option, show
from headway.app.views import Plan
from headway.plan.action import Action, Apply, Assess, Lock, NotAgain, Nothing, Release, Roll, Train, Wait
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
    lines = [head, *(f"  {action.model:<16} {_line(action)}" for action in plan.actions)]
    lines += [f"  {model:<16} cannot be planned: {why}" for model, why in plan.unseen.items()]
    for found in plan.foreseen:
        lines += ["", *_foreseen(found)]
    return "\n".join(lines)


def _foreseen(found: Foreseen) -> list[str]:
    lines = [f"What a rollout of {found.model} {found.version} in {found.environment} can see:"]
    lines += [f"  {said}" for said in found.said]
    for finding in found.findings:
        lines += [f"{finding.code} {finding.what} ({finding.place})", f"  {finding.why}", f"  {finding.do}"]
    return lines


def _line(action: Action) -> str:  # noqa: PLR0911 - one line an action
    match action:
        case Lock():
            return f"pin the data ({action.cause}): {action.why}"
        case NotAgain():
            return f"write down that no retraining starts: {action.why}"
        case Train():
            return f"train ({action.cause}): {action.why}"
        case Assess():
            over = f" over {action.over.version}" if action.over else ""
            return f"measure {action.served.version} for {action.environment}{over}"
        case Release():
            version = action.candidate or action.stable
            return f"{action.environment}: {action.how} {version.version if version else ''}: {action.why}"
        case Roll():
            return f"{action.environment}: go on with the rollout"
        case Apply():
            return f"{action.environment}: bring what runs to the release: {action.why}"
        case Wait():
            return f"{action.environment or 'all'}: wait: {action.why}"
        case Nothing():
            return f"{action.environment or 'all'}: nothing: {action.why}"
