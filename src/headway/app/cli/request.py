"""Decisions of people: each commits a signed request, which the environment's decider carries out.

A retreat may also be asked of the local supervisor at once (`--now`), so that it works while Git is away.
"""

from pathlib import Path
from typing import Literal

import click

from headway.app.show import output_option, repo_option

__all__ = ["abort", "approve", "pause", "promote", "resume", "retire", "rollback"]

Decision = Literal["promote", "approve", "rollback", "pause", "resume", "abort", "retire"]

_env = click.option("--env", "environment", help="The environment (default: every one, or the one with live traffic).")
_why = click.option("--why", default="", help="A reason for the record.")


def _plain(action: Decision, line: str) -> click.Command:
    """A decision about a model: `headway ACTION MODEL`."""

    @click.command(action, help=line)
    @click.argument("model")
    @_env
    @_why
    @repo_option
    @output_option
    def command(model: str, environment: str | None, why: str, repo: str, output: str) -> None:
        from headway.app.asking import Asking, ask

        ask(Asking(repo=Path(repo), action=action, model=model, environment=environment or "", why=why), output)

    return command


def _ask_version(
    action: Decision, version: str, environment: str, *, weight: float = 0.0, why: str, repo: str, output: str
) -> None:
    from headway.app.asking import Asking, ask

    model, at, number = version.partition("@")
    if not at or not number:
        raise click.UsageError(f"{version!r} names no version: write MODEL@VERSION, such as delay@1.4.2.")
    asking = Asking(
        repo=Path(repo), action=action, model=model, environment=environment, to=number, weight=weight, why=why
    )
    ask(asking, output)


@click.command("rollback")
@click.argument("model")
@click.option("--to", default="", help="The version to go back to (default: the one that was stable before).")
@click.option("--now", is_flag=True, help="Ask the local supervisor first; the record follows when Git is back.")
@_env
@_why
@repo_option
@output_option
def rollback(model: str, *, to: str, now: bool, environment: str | None, why: str, repo: str, output: str) -> None:
    """Go back to an earlier version at once, and hold automatic releases."""
    from headway.app.asking import Asking, ask

    ask(
        Asking(repo=Path(repo), action="rollback", model=model, environment=environment or "", to=to, now=now, why=why),
        output,
    )


@click.command("approve")
@click.argument("version", metavar="[MODEL@VERSION]", required=False)
@click.option("--to", "environment", help="The environment that the version is to enter.")
@click.option(
    "--at",
    "weight",
    type=click.FloatRange(0, 100, min_open=True),
    help="The step of its rollout, in percent of live traffic; 100 is the promotion. Without it: its start.",
)
@click.option("--signers", is_flag=True, help="Approve the list of signers that headway.yaml on main holds now.")
@_why
@repo_option
@output_option
def approve(
    version: str | None,
    *,
    environment: str | None,
    weight: float | None,
    signers: bool,
    why: str,
    repo: str,
    output: str,
) -> None:
    """Approve a version for an environment or a step of its rollout that asks for it, or a new list of signers."""
    if signers:
        from headway.app.founding import approve_signers

        if version or environment or weight or why:
            raise click.UsageError("--signers approves the whole list: name no version, environment, step or reason.")
        approve_signers(Path(repo), output)
        return
    if not version or not environment:
        raise click.UsageError("Name a version and its environment (delay@1.4.2 --to production), or --signers.")
    _ask_version("approve", version, environment, weight=weight or 0.0, why=why, repo=repo, output=output)


@click.command("promote")
@click.argument("version", metavar="MODEL@VERSION")
@click.option("--to", "environment", required=True, help="The environment that the version is to enter.")
@_why
@repo_option
@output_option
def promote(version: str, *, environment: str, why: str, repo: str, output: str) -> None:
    """Have a version tried in an environment, whatever automation did before."""
    _ask_version("promote", version, environment, why=why, repo=repo, output=output)


abort = _plain("abort", "Give up the candidate that is on its way, and hold automatic releases.")
pause = _plain("pause", "Keep a rollout's weight where it is.")
resume = _plain("resume", "Lift a hold or a pause.")
retire = _plain("retire", "Stop serving a model.")
