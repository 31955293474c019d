"""What merging a change does, environment by environment: the very rules by which the loop plans, asked in advance."""

from collections.abc import Iterator, Sequence

from msgspec import structs

from headway.app.review.view import MergeStep
from headway.decide.rollout.table import STRATEGIES
from headway.plan.action import Action, Nothing, Release, Wait
from headway.plan.facts import Facts, Place
from headway.plan.wanted import next_actions
from headway.spec.guardrail import (
    ErrorGuardrail,
    Guardrail,
    LatencyGuardrail,
    MetricGuardrail,
    PredictionGuardrail,
    QualityGuardrail,
    title,
)
from headway.spec.release import Served
from headway.spec.rollout import Rollout

__all__ = ["after_merge"]


def after_merge(facts: Facts, version: Served, refused: str, rollout: Rollout) -> Iterator[MergeStep]:
    """What the deciders do with `version`; `refused` is why its gates do not pass, empty when they do.

    Each environment is asked as if those before it had taken the version.
    """
    places = tuple(_open(place, version, refused) for place in facts.places)
    facts = structs.replace(facts, version=version, failed="", problem="", locked=True, pending=(), places=places)
    for at, place in enumerate(places):
        step = _step(place, _first(next_actions(facts), place), rollout)
        if step is None:
            continue
        yield step
        if step.ends:
            return
        taken = structs.replace(place, stable=version, candidate=None)
        facts = structs.replace(facts, places=(*facts.places[:at], taken, *facts.places[at + 1 :]))


def _open(place: Place, version: Served, refused: str) -> Place:
    """The environment as its decider will find it; what runs there now is no matter."""
    known = place if place.stable == version else structs.replace(place, gates="refused" if refused else "passed")
    return structs.replace(known, gates_why=refused, decides=True, asked=None, candidate=None, stale=())


def _first(actions: Sequence[Action], place: Place) -> Release | Wait | Nothing | None:
    for action in actions:
        if isinstance(action, Release | Wait | Nothing) and action.environment == place.environment:
            return action
    return None


def _step(place: Place, action: Release | Wait | Nothing | None, rollout: Rollout) -> MergeStep | None:
    match action:
        case Release():
            return MergeStep(environment=place.environment, what=_released(place, action, rollout))
        case Wait():
            what = f"waits for a person: {action.why}; then {_entered(place, rollout)}"
            return MergeStep(environment=place.environment, what=what, waits=True)
        case Nothing():
            return MergeStep(environment=place.environment, what=f"nothing: {action.why}", ends=True)
        case None:
            return None


def _released(place: Place, action: Release, rollout: Rollout) -> str:
    return _rolled(rollout) if action.how == "started" else _entered(place, rollout)


def _entered(place: Place, rollout: Rollout) -> str:
    if not place.live:
        return "released at once: no live traffic arrives here"
    if place.stable is None:
        return "released at once: it is the first version here"
    return "released at once: the strategy is direct" if rollout.strategy == "direct" else _rolled(rollout)


def _rolled(rollout: Rollout) -> str:
    rest = STRATEGIES[rollout.strategy].REST
    steps = ", ".join(f"{step:.12g} %" for step in rollout.approve_at)
    guards = ", ".join(map(_guard, rollout.guardrails)) or "nothing"
    return (
        f"{rollout.strategy}{_share(rollout)}, looked at every {_time(rollout.window)}, guarded by {guards}; "
        f"back to the stable version when harm is shown, or undecided after {_time(rollout.deadline.after)}"
        + (f"; {rest}" if rest else "")
        + (f"; waits for approvals at {steps}" if steps else "")
    )


def _share(rollout: Rollout) -> str:
    """Whose requests the candidate gets, and how many."""
    stages = STRATEGIES[rollout.strategy].stages(rollout)
    rising = " → ".join(f"{stage:g} %" for stage in stages)
    match rollout.strategy:
        case "canary":
            return f" {rising} → 100 % of the traffic"
        case "shadow":
            return f" of copies of {rising} of the traffic"
        case "ab":
            also = rollout.ab.also if rollout.ab else ()
            return f" with {rising} of the users" + (f", beside {', '.join(also)}" if also else "")
        case _:
            return ""


def _guard(guard: Guardrail) -> str:
    match guard:
        case ErrorGuardrail():
            return f"errors ({guard.worse_by_at_most:g} times or {guard.floor * 100:g} pp worse at most)"
        case LatencyGuardrail():
            worse = f"{guard.worse_by_at_most:g} times or {guard.floor * 1000:g} ms more at most"
            return f"{guard.latency} latency ({worse})"
        case PredictionGuardrail():
            return f"predictions (no share more than {guard.differs_by_at_most * 100:g} pp away)"
        case MetricGuardrail():
            worse = f"{guard.worse_by_at_most:g} times or {guard.floor * 100:g} pp worse at most"
            return f"{title(guard)} by Prometheus ({worse})"
        case QualityGuardrail():
            worse = f"{guard.worse_by_at_most:g} times or {guard.floor * 100:g} pp worse at most"
            return f"{guard.quality} by labels within {_time(guard.labels_within)} ({worse})"


def _time(seconds: float) -> str:
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s"
