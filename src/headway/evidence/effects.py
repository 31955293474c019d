"""What each kind of record changes about a model: one short function a kind."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import assert_never

from msgspec import Struct, structs

from headway.evidence.record import (
    Alerted,
    Judged,
    Locked,
    Record,
    Released,
    Requested,
    Retraining,
    RolledOut,
    Signers,
    Subject,
    Trained,
)
from headway.evidence.state import Alert, Judgement, ModelState, Request, Standing, Try, Version
from headway.spec.release import Served

__all__ = ["apply"]

# Requests that wait for the decider's release; approve, pause and resume hold from the moment they are read.
_WAITING = frozenset({"promote", "rollback", "abort", "retire"})


class _Said(Struct, frozen=True, kw_only=True):
    """A record with its digest, its number on the branch, and its time."""

    record: Record
    digest: str
    number: int
    at: float

    @property
    def about(self) -> Subject:
        return self.record.subject

    @property
    def served(self) -> Served:
        return Served(version=self.about.version, bundle=self.about.bundle)


def apply(state: ModelState, record: Record, *, digest: str, number: int, at: float) -> ModelState:  # noqa: PLR0911 - one return a kind
    """The model's state after a record; `number` counts records of the branch, `at` is Unix seconds."""
    said = _Said(record=record, digest=digest, number=number, at=at)
    match record.seen:
        case Signers():
            return state
        case Locked():
            return structs.replace(state, lock=record.seen)
        case Trained():
            return _trained(state, said, record.seen)
        case Judged():
            return _judged(state, said, record.seen)
        case Released():
            return _released(state, said, record.seen)
        case RolledOut():
            return _ended(state, record.seen)
        case Requested():
            return _requested(state, said, record.seen)
        case Alerted():
            return _alerted(state, said, record.seen)
        case Retraining():
            return _retraining(state, said, record.seen)
        case _:
            assert_never(record.seen)


def _trained(state: ModelState, said: _Said, seen: Trained) -> ModelState:
    if seen.outcome == "failed":
        return structs.replace(state, failures={**state.failures, (seen.recipe, seen.train): seen.reason})
    made = Version(
        version=said.about.version,
        bundle=said.about.bundle,
        recipe=seen.recipe,
        train=seen.train,
        signature=seen.signature,
        cause=seen.cause,
        main=said.record.main,
        at=said.at,
        record=said.digest,
        number=said.number,
    )
    return structs.replace(state, versions=(*state.versions, made))


def _judged(state: ModelState, said: _Said, seen: Judged) -> ModelState:
    judgement = Judgement(
        served=said.served,
        environment=said.about.environment,
        wish=seen.wish,
        test=seen.lock,
        over=seen.over,
        passed=seen.passed,
        verdicts=said.record.verdicts,
        main=said.record.main,
        at=said.at,
        record=said.digest,
        number=said.number,
    )
    return structs.replace(state, judged=(*state.judged, judgement))


def _released(state: ModelState, said: _Said, seen: Released) -> ModelState:
    environment = said.about.environment
    before = state.standing.get(environment)
    ended = before.candidate if before and before.candidate != seen.candidate else None
    gone = {(each.bundle, environment) for each in seen.ends(before.coming)} if before else frozenset()
    standing = Standing(
        stable=seen.stable,
        candidate=seen.candidate,
        also=seen.also,
        over=seen.over,
        stables=_stables(before.stables if before else (), seen),
        since=before.since if before and before.stable == seen.stable else said.at,
        ended=ended,
        replaced=_replaced(before, seen),
        how=seen.how,
        why=seen.why,
        main=said.record.main,
        at=said.at,
        record=said.digest,
        number=said.number,
    )
    state = structs.replace(
        state,
        standing={**state.standing, environment: standing},
        tries=_tried(state, said, seen, before.coming if before else ()),
        approved_at={key: given for key, given in state.approved_at.items() if key not in gone},
        pending=_still_pending(state.pending, environment, seen),
    )
    if seen.how in {"aborted", "rolled back"}:
        left = before.candidate or before.stable if before else None
        hold = f"{left.version if left else said.about.version} was {seen.how} in {environment}"
        state = structs.replace(state, hold=hold + (f": {seen.why}" if seen.why else ""))
    if seen.how in {"direct", "promoted"}:
        state = structs.replace(state, settled={**state.settled, environment: said.number})
    return state


def _stables(before: tuple[Served, ...], seen: Released) -> tuple[Served, ...]:
    """A rollback forgets what it left; everything else adds what is new."""
    if seen.stable is None:
        return before
    if seen.how == "rolled back" and seen.stable in before:
        last = len(before) - before[::-1].index(seen.stable)
        return before[:last]
    return before if before and before[-1] == seen.stable else (*before, seen.stable)


def _replaced(before: Standing | None, seen: Released) -> Served | None:
    """The version that served until the stable one was promoted over it; a rollback leaves nothing to go back to."""
    if before is None or seen.how in {"rolled back", "retired"}:
        return None
    return before.replaced if before.stable == seen.stable else before.stable


def _tried(state: ModelState, said: _Said, seen: Released, coming: Sequence[Served]) -> dict[tuple[str, str], Try]:
    """Counts starts; the release that ends a rollout is its outcome where no record of the rollout says more.

    A start of the versions that are on their way already (`coming`) says that their state was lost, and begins the
    test again.
    """
    tries, environment = dict(state.tries), said.about.environment
    lost = seen.how == "started" and bool(coming) and seen.candidate == coming[0]
    for left in () if lost else coming:
        if last := tries.get((left.bundle, environment)):
            ended = last.outcome or ("promoted" if seen.stable == left else "aborted")
            tries[left.bundle, environment] = structs.replace(last, outcome=ended)
    for entered in seen.entered:
        key = (entered.bundle, environment)
        last = tries.get(key, Try())
        outcome = "promoted" if seen.how == "direct" else ""
        again = lost and entered in coming
        tries[key] = Try(
            starts=last.starts + 1,
            started=last.started if again else said.at,
            lost=last.lost + 1 if again else 0,
            outcome=outcome,
        )
    return tries


def _still_pending(pending: Iterable[Request], environment: str, seen: Released) -> tuple[Request, ...]:
    """Without those that this release answers, and without an abort that has no candidate left to end."""
    return tuple(
        request
        for request in pending
        if request.environment != environment
        or (request.record not in seen.evidence and not (request.asked.action == "abort" and seen.candidate is None))
    )


def _ended(state: ModelState, seen: RolledOut) -> ModelState:
    tries, rollout = dict(state.tries), seen.rollout
    for arm in rollout.arms:
        key = (arm.bundle, rollout.environment)
        outcome = _outcome(seen, arm)
        tries[key] = structs.replace(tries.get(key, Try()), outcome=outcome, replicas=rollout.replicas)
    return structs.replace(state, tries=tries)


def _outcome(seen: RolledOut, arm: Served) -> str:
    """Who was shown to be worse was aborted, whatever became of the others; who lost to another was superseded."""
    if arm.version in seen.rollout.dropped:
        return "aborted"
    return "superseded" if seen.outcome == "promoted" and arm != seen.rollout.heir else seen.outcome


def _requested(state: ModelState, said: _Said, seen: Requested) -> ModelState:
    environment = said.about.environment
    state = structs.replace(state, pending=_superseded(state.pending, environment, seen))
    match seen.action:
        case "approve" if seen.weight:
            return structs.replace(state, approved_at=_approved_at(state, said, seen))
        case "approve":
            return structs.replace(state, approved=state.approved | {(seen.to, environment)})
        case "pause":
            return structs.replace(state, paused=state.paused | {environment})
        case "resume":
            lifted = frozenset[str]() if not environment else state.paused - {environment, ""}
            return structs.replace(state, paused=lifted, hold="", resumed=said.number)
        case _:
            added = tuple(_waiting(state, said, seen))
            return structs.replace(state, pending=(*state.pending, *added))


def _approved_at(state: ModelState, said: _Said, seen: Requested) -> dict[tuple[str, str], Mapping[float, str]]:
    key = (said.about.bundle, said.about.environment)
    return {**state.approved_at, key: {**state.approved_at.get(key, {}), seen.weight: said.digest}}


def _waiting(state: ModelState, said: _Said, seen: Requested) -> Iterator[Request]:
    """The request as it waits in each environment that it speaks of: one about all is answered in each."""
    environment = said.about.environment
    for place in [environment] if environment else state.standing:
        standing = state.standing.get(place)
        if seen.action == "abort" and not (standing and standing.candidate):
            continue  # or it would lie in wait for the next candidate
        yield Request(
            record=said.digest,
            environment=place,
            asked=seen,
            signer=said.record.signer,
            main=said.record.main,
            at=said.at,
        )


def _superseded(pending: tuple[Request, ...], environment: str, seen: Requested) -> tuple[Request, ...]:
    """The last word counts: a later request about the same environment takes the place of one that still waits."""
    if seen.action not in _WAITING | {"resume"}:
        return pending
    return tuple(request for request in pending if environment not in {"", request.environment})


def _alerted(state: ModelState, said: _Said, seen: Alerted) -> ModelState:
    key = (said.about.environment, seen.monitor)
    alerts = {place: alert for place, alert in state.alerts.items() if place != key}
    if seen.state == "raised":
        alerts[key] = Alert(
            environment=said.about.environment,
            version=said.about.version,
            alerted=seen,
            verdicts=said.record.verdicts,
            at=said.at,
            record=said.digest,
        )
    return structs.replace(state, alerts=alerts)


def _retraining(state: ModelState, said: _Said, seen: Retraining) -> ModelState:
    if seen.state == "held":
        return structs.replace(state, held_retraining=seen.why or seen.cause)
    return structs.replace(state, retrainings=(*state.retrainings, (said.number, said.at)), held_retraining="")
