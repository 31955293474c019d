"""From what is known of one model to the actions of the next pass.  Performs none; nothing to do is an action too."""

from collections.abc import Iterator
from typing import Literal

from headway.decide.rollout.approval import command
from headway.plan.action import Action, Apply, Assess, Lock, NotAgain, Nothing, Release, Roll, Train, Wait
from headway.plan.facts import Arm, Facts, Pending, Place
from headway.spec.release import Served

__all__ = ["next_actions"]


def next_actions(facts: Facts) -> tuple[Action, ...]:
    """What the next pass does for a model: people's requests first, then what runs, then what is new."""
    return tuple(_asked(facts)) or (*_kept(facts), *_made(facts), *_again(facts))


def _asked(facts: Facts) -> Iterator[Action]:
    """What people asked for and this decider can do at once."""
    for pending in facts.pending:
        place = _place(facts, pending.environment)
        if place and place.decides:
            release = _answer(facts, place, pending)
            if release:
                yield release


def _answer(facts: Facts, place: Place, pending: Pending) -> Release | None:
    """The release that a retreat asks for, or None when it cannot be had.  A promotion goes through the gates.

    A rollback leads to what was stable here before: Git never names an untested version as stable.
    """
    request = pending.request
    stable = place.stable
    how: Literal["aborted", "rolled back", "retired"]
    match request.action:
        case "rollback":
            how = "rolled back"
            if request.to:
                stable = place.known.get(request.to)
            elif not place.candidate:
                stable = place.previous
        case "abort" if place.candidate:
            how = "aborted"
        case "retire":
            how = "retired"
        case _:
            return None
    if stable is None and how != "retired":
        return None
    return Release(
        model=facts.model,
        environment=place.environment,
        how=how,
        stable=None if how == "retired" else stable,
        answers=pending.record,
        why=f"{request.action} by {pending.signer}" + (f": {request.why}" if request.why else ""),
    )


def _place(facts: Facts, environment: str) -> Place | None:
    return next((place for place in facts.places if place.environment == environment), None)


def _cannot(place: Place | None, pending: Pending) -> str:
    """Why a request still waits; empty for a promotion that is on its way through the gates here."""
    asked, by = pending.request, pending.signer
    what = f"{asked.action} {asked.to}".strip()
    if place and place.decides and asked.action == "promote" and place.asked_by == pending.record:
        return (
            f"{what}, asked by {by}, waits for the version that is stable to change"
            if place.asked == place.stable
            else ""
        )
    if place is None or not place.decides:
        return f"{what}, asked by {by}, waits for the decider of {pending.environment}"
    if asked.action == "rollback":
        known = ", ".join(place.known) or "none"
        return f"{what}, asked by {by}, cannot be had: the versions that were stable in {place.environment} are {known}"
    return f"{what}, asked by {by}, cannot be carried out here"


def _kept(facts: Facts) -> Iterator[Action]:
    """What serves goes on, whatever became of the wish; what was asked of others is waited for."""
    for pending in facts.pending:
        why = _cannot(_place(facts, pending.environment), pending)
        if why:
            yield Wait(model=facts.model, environment=pending.environment, why=why)
    for place in facts.places:
        if place.candidate and place.decides:
            yield Roll(model=facts.model, environment=place.environment)
        elif place.stale:
            yield Apply(model=facts.model, environment=place.environment, why="; ".join(place.stale))
        if place.candidate and not place.decides:
            why = f"the decider of {place.environment} goes on with the rollout of {place.candidate.version}"
            yield Wait(model=facts.model, environment=place.environment, why=why)
        if place.candidate and place.rollout and place.awaits:
            why = f"`{command(place.rollout, place.awaits)}`"
            yield Wait(model=facts.model, environment=place.environment, why=why)


def _made(facts: Facts) -> Iterator[Action]:
    """The new version: lock, train, gates, release, one environment after the other."""
    if facts.problem:
        yield Nothing(model=facts.model, why=facts.problem)
    elif not facts.places:
        yield Nothing(
            model=facts.model, why="headway.yaml names no environment that can be read; `headway check` says more"
        )
    elif all(place.retired for place in facts.places):
        yield Nothing(model=facts.model, why="retired")
    elif not facts.locked and facts.may_train:
        yield Lock(model=facts.model, cause="first", why="the data are not pinned yet")
    elif facts.version is None and facts.failed:
        yield Nothing(model=facts.model, why=f"training failed: {facts.failed}")
    elif facts.version is None and facts.may_train:
        yield Train(
            model=facts.model, recipe=facts.recipe, cause=facts.cause, why=f"no version of main {facts.main[:8]}"
        )
    elif facts.version is None:
        yield Wait(model=facts.model, why="a signer with the right to train makes the next version")
    else:
        yield from _promoted(facts, facts.version)


def _promoted(facts: Facts, version: Served) -> Iterator[Action]:
    by_hand = [place for place in facts.places if place.asked and place.asked != place.stable]
    if by_hand:
        yield from (_enter(facts, place, place.asked) for place in by_hand if place.asked)
        return
    for place in facts.places:
        if place.retired or (place.stable == version and place.candidate is None):
            continue
        if place.candidate != version:
            yield _enter(facts, place, version)
        return
    where = (
        "everywhere but where the model is retired" if any(place.retired for place in facts.places) else "everywhere"
    )
    yield Nothing(model=facts.model, why=f"{version.version} is stable {where}")


def _enter(facts: Facts, place: Place, version: Served) -> Action:  # noqa: C901, PLR0911 - one return a reason, in their order
    """The one thing that stands between a version and an environment."""

    def nothing(why: str) -> Nothing:
        return Nothing(model=facts.model, environment=place.environment, why=why)

    def wait(why: str) -> Wait:
        return Wait(model=facts.model, environment=place.environment, why=why)

    if place.tried and not place.asked:
        return nothing(f"{version.version} was tried here once; a person may promote it")
    if not place.decides:
        return wait(f"the decider of {place.environment} judges {version.version}")
    if place.gates == "unjudged":
        return Assess(model=facts.model, environment=place.environment, served=version, over=_live(facts))
    if place.gates != "passed":
        return nothing(f"{version.version} {place.gates}: {place.gates_why}")
    if place.candidate and place.paused and not place.asked:
        return nothing(f"{place.candidate.version} is paused by a person; `headway resume {facts.model}` goes on")
    if facts.hold and not place.asked:
        return nothing(f"held: {facts.hold}; `headway resume {facts.model}` lifts the hold")
    direct = not place.live or facts.strategy == "direct" or place.stable is None
    arms = () if direct else place.arms
    for arm in arms:
        unfit = _unfit(facts, place, arm)
        if unfit:
            return unfit
    if place.approval:
        for number, approved in ((version.version, place.approved), *((arm.version, arm.approved) for arm in arms)):
            if not approved:
                return wait(f"`headway approve {facts.model}@{number} --to {place.environment}`")
    if facts.frozen and place.live and place.stable and not place.asked:
        return wait(facts.frozen)
    return Release(
        model=facts.model,
        environment=place.environment,
        how="direct" if direct else "started",
        stable=version if direct else place.stable,
        candidate=None if direct else version,
        also=tuple(arm.served for arm in arms if arm.served),
        over=None if direct else place.stable,
        answers=place.asked_by,
        why=f"gates passed, so {place.candidate.version} is superseded" if place.candidate else "gates passed",
    )


def _unfit(facts: Facts, place: Place, arm: Arm) -> Assess | Nothing | None:
    """What stands between a version beside the newest and the experiment; None when nothing does."""
    if arm.gates == "unjudged" and arm.served and not arm.fault:
        return Assess(model=facts.model, environment=place.environment, served=arm.served, over=_live(facts))
    why = arm.fault or ("" if arm.gates == "passed" else f"{arm.gates}: {arm.gates_why}")
    if not why:
        return None
    said = f"no experiment starts: {arm.version} of `ab.also` {why}"
    return Nothing(model=facts.model, environment=place.environment, why=said)


def _again(facts: Facts) -> Iterator[Lock | NotAgain]:
    """A retraining that is due moves the lock; one that is held is told once, until the reason changes."""
    due = facts.retraining
    if due.state == "start":
        yield Lock(model=facts.model, cause="retraining", asked=due.cause, why=due.why)
    elif due.state == "held" and not due.told:
        yield NotAgain(model=facts.model, asked=due.cause, why=due.why)


def _live(facts: Facts) -> Served | None:
    """The stable version of the first environment with live traffic, wherever the gate is judged."""
    return next((place.stable for place in facts.places if place.live), None)
