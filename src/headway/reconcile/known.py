"""Answers about one model from its state in the record: one short function a question."""

from collections.abc import Sequence
from typing import Literal

from headway.evidence.ledger import Ledger
from headway.evidence.state import Judgement, ModelState, Standing
from headway.plan.facts import Gates, Pending
from headway.spec.project import Rights
from headway.spec.release import Served

__all__ = ["cause", "gates", "judgement", "pending", "rights", "served_versions", "tried"]


def rights(ledger: Ledger, signer: str) -> Rights:
    """What a signer may sign for now."""
    return next((listed.may for listed in ledger.chain.signers if listed.name == signer), Rights())


def served_versions(state: ModelState) -> dict[str, Served]:
    """Every version by its number."""
    return {made.version: made.served for made in state.versions}


def cause(state: ModelState, recipe: str) -> Literal["commit", "data", "retraining"]:
    """Why the next version is trained: a new recipe, or the known one on data that were moved."""
    if not state.versions or state.versions[-1].recipe != recipe or state.lock is None:
        return "commit"
    return "retraining" if state.lock.cause == "retraining" else "data"


def judgement(state: ModelState, served: Served, environment: str, wish: str, test: str) -> Judgement | None:
    """The last judgement of a version for an environment by the gates and the test rows of today."""
    found = (
        judged
        for judged in reversed(state.judged)
        if (judged.served, judged.environment, judged.wish, judged.test) == (served, environment, wish, test)
    )
    return next(found, None)


def gates(found: Judgement | None, over: Served | None) -> tuple[Gates, str]:
    """How the gates stand, and why they do not pass; a judgement over another live version does not count."""
    if found is None or found.over != over:
        return "unjudged", ""
    if found.passed:
        return "passed", ""
    why = "; ".join(verdict.why for verdict in found.verdicts if verdict.answer in {"fail", "undecided"})
    failed = any(verdict.answer == "fail" for verdict in found.verdicts)
    return ("refused" if failed else "undecided"), why


def tried(state: ModelState, served: Served, environment: str) -> bool:
    """Has this version been started here before?"""
    return (served.bundle, environment) in state.tries


def pending(state: ModelState, environments: Sequence[str]) -> tuple[Pending, ...]:
    """Requests that wait for a release, each for one environment; one for all speaks of every environment."""
    return tuple(
        Pending(record=request.record, environment=environment, request=request.asked, signer=request.signer)
        for request in state.pending
        for environment in ([request.environment] if request.environment else environments)
    )


def standing(state: ModelState, environment: str) -> Standing | None:
    """The last release in an environment."""
    return state.standing.get(environment)
