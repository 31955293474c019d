"""Answers about one model from its state in the record: one short function a question."""

from collections.abc import Sequence
from typing import Literal

from headway.decide.gates.judge import refusal
from headway.evidence.ledger import Ledger
from headway.evidence.state import Judgement, ModelState, Request, Standing, Try
from headway.plan.facts import Gates, Pending
from headway.spec.project import Rights
from headway.spec.release import Served

__all__ = [
    "asked",
    "cause",
    "floor",
    "gates",
    "judgement",
    "kept",
    "mains",
    "pending",
    "rights",
    "tried",
    "unfit",
    "were_stable",
]


def rights(ledger: Ledger, signer: str) -> Rights:
    """What a signer may sign for now."""
    return next((listed.may for listed in ledger.chain.signers if listed.name == signer), Rights())


def were_stable(state: ModelState, environment: str) -> dict[str, Served]:
    """The versions that were stable in an environment, by number: those that a rollback may go back to."""
    good = {bundle for (bundle, place), known in state.tries.items() if place == environment and _promoted(known)}
    return {made.version: made.served for made in state.versions if made.bundle in good}


def _promoted(known: Try) -> bool:
    return known.outcome == "promoted"


def asked(state: ModelState, environment: str) -> Request | None:
    """The promotion that a person asked for in an environment and nobody has carried out yet."""
    found = (
        request
        for request in state.pending
        if request.asked.action == "promote" and request.environment == environment and state.version(request.asked.to)
    )
    return next(found, None)


def mains(state: ModelState) -> tuple[str, ...]:
    """Commits of main that releases, judgements and trainings of a model speak of, the newest first."""
    said = [(known.number, known.main) for known in state.standing.values()]
    said += [(known.number, known.main) for known in state.judged]
    said += [(known.number, known.main) for known in state.versions]
    return tuple(dict.fromkeys(main for _, main in sorted(said, reverse=True) if main))


def kept(standing: Standing, keep_s: float, now: float) -> Served | None:
    """Who was replaced by a promotion and still runs, so that a rollback is instant; None when that time is over."""
    return standing.replaced if now - standing.since < keep_s else None


def floor(state: ModelState, standing: Standing, environment: str, keep_s: float, now: float) -> int:
    """How many replicas stable had when the rollout that ended last began, for as long as they are kept; else 0."""
    if standing.ended is None or now - standing.at >= keep_s:
        return 0
    return state.tries.get((standing.ended.bundle, environment), Try()).replicas


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
    failed = any(verdict.answer == "fail" for verdict in found.verdicts)
    return ("refused" if failed else "undecided"), refusal(found.verdicts)


def tried(state: ModelState, served: Served, environment: str) -> bool:
    """Has this version been started here before?"""
    return (served.bundle, environment) in state.tries


def unfit(state: ModelState, served: Served | None, environment: str) -> str:
    """Why a version can be no arm of an experiment here, whatever its gates say; empty when it can."""
    if served is None:
        return "was never made"
    standing = state.standing.get(environment)
    if standing and standing.stable == served:
        return "is the stable version already"
    outcome = state.tries.get((served.bundle, environment), Try()).outcome
    if outcome == "aborted":
        return "was aborted here"
    left = outcome == "promoted" and not (standing and served in standing.stables)
    return "was left here by a rollback" if left else ""


def pending(state: ModelState, environments: Sequence[str]) -> tuple[Pending, ...]:
    """Requests that wait for a release, each for one environment; one for all speaks of every environment."""
    return tuple(
        Pending(record=request.record, environment=environment, request=request.asked, signer=request.signer)
        for request in state.pending
        for environment in ([request.environment] if request.environment else environments)
    )
