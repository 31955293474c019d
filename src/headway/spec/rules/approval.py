"""Rules for the steps of a rollout that wait for a person: that there are such steps, and somebody to approve them."""

from collections.abc import Iterator

from headway.spec.finding import Finding, error
from headway.spec.load import Placed
from headway.spec.model import Model
from headway.spec.papers import Papers
from headway.spec.rollout import Rollout
from headway.spec.yaml import excerpt

__all__ = ["approval_faults"]

RISING = ("canary", "shadow")
PROMOTION = 100.0


def approval_faults(placed: Placed[Model], papers: Papers) -> Iterator[Finding]:
    """What is wrong with `rollout.approve_at`."""
    rollout = placed.value.spec.rollout
    known = _steps(rollout)
    for number, step in enumerate(rollout.approve_at):
        if step not in known or step in rollout.approve_at[:number]:
            at = placed.place("spec", "rollout", "approve_at", number)
            yield error("E265", f"no step at {step:.12g} %", at, why=_why(rollout, number), do=_instead(known))
    if rollout.approve_at and known:
        yield from _nobody(placed, papers)


def _steps(rollout: Rollout) -> tuple[float, ...]:
    """What a rollout rises to by its evidence; its start is none of it."""
    if rollout.strategy in RISING:
        return (*rollout.stages[1:], PROMOTION)
    return () if rollout.strategy == "direct" else (PROMOTION,)


def _why(rollout: Rollout, number: int) -> str:
    step = rollout.approve_at[number]
    if step in rollout.approve_at[:number]:
        return "It stands there already, and is approved once."
    if rollout.strategy == "direct":
        return (
            "With `strategy: direct` a version is released at once; `approval: required` in an environment asks first."
        )
    if rollout.strategy not in RISING:
        return f"`strategy: {rollout.strategy}` has one stage and begins at it, so only the promotion can wait."
    if step in rollout.stages[:1]:
        return (
            "The first stage is the start; `approval: required` in an environment asks before it, and no time is lost."
        )
    return "It is none of the stages, so no rollout rises to it."


def _instead(known: tuple[float, ...]) -> str:
    if not known:
        return "Take it out."
    return f"Choose from {', '.join(f'{step:.12g}' for step in known)}; 100 is the promotion."


def _nobody(placed: Placed[Model], papers: Papers) -> Iterator[Finding]:
    """Live environments in which no signer may approve; that there is no signer at all is told of the project."""
    if papers.project is None or not papers.project.value.spec.signers:
        return
    order, signers = papers.project.value.spec.environments, papers.project.value.spec.signers
    may = {name for signer in signers if signer.revoked_after is None for name in signer.may.approve}
    live = {each.value.metadata.name for each in papers.environments if each.value.spec.traffic == "live"}
    for name in dict.fromkeys(order):
        if name in live and name not in may:
            at = placed.place("spec", "rollout", "approve_at")
            why = f"No signer may approve in {name}, so each rollout there waits until its deadline and is aborted."
            do = f"Add `approve: [{name}]` to a signer in {papers.project.file}, or take it out."
            yield error("E113", f"nobody approves in '{excerpt(name)}'", at, why=why, do=do)
