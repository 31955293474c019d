"""What a rollout's guardrails can see at the traffic of the last day: measured while stable serves, said before."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

import msgspec
from msgspec import Struct, structs

from headway.decide.rollout.approval import PROMOTION
from headway.decide.rollout.guardrails.kind import bursts
from headway.decide.rollout.reach import Reach, Traffic, findings, forecast, time_in_words
from headway.decide.rollout.table import STRATEGIES
from headway.evidence.window import Arm, total
from headway.plan.arms import part
from headway.plan.facts import Place
from headway.reconcile.minutes import counted_before, told_of
from headway.reconcile.objects import replicas
from headway.reconcile.past import note, spread
from headway.reconcile.samples import distribution
from headway.reconcile.scene import Scene
from headway.reconcile.windows import jumped, open_window, since
from headway.spec.environment import Prices
from headway.spec.finding import Finding
from headway.spec.finding import Place as Where
from headway.spec.model import Model
from headway.spec.rollout import Rollout
from headway.stats.score import ENOUGH_WINDOWS

__all__ = ["Foreseen", "foresee", "measure"]

# How often the traffic of a place is noted, in seconds; it is kept by the hour, for a day.
NOTED_S = 60.0
HOUR_S = 3600.0
HOURS = 24
GIB = 2**30


class Hour(Struct, frozen=True, kw_only=True):
    """The stable version's requests that were noted in one hour (Unix time / 3600), and the seconds they speak of."""

    hour: int
    seconds: float
    arm: Arm
    edges_ms: tuple[float, ...] = ()


class Foreseen(Struct, frozen=True, kw_only=True):
    """What each guardrail of a rollout to come can show, how fast and how surely, and those that can never decide.

    `measured_s` are the seconds of the last day that this rests on; `replicas` run now, `peak_replicas` at most.
    `cost` is what those beyond now's cost at most, in the environment's currency (none: it names no prices).
    """

    model: str
    environment: str
    version: str
    said: tuple[str, ...]
    findings: tuple[Finding, ...] = ()
    reaches: tuple[Reach, ...] = ()
    measured_s: float = 0.0
    replicas: int = 0
    peak_replicas: int = 0
    cost: float | None = None


def measure(scene: Scene, place: Place) -> None:
    """Note the traffic of the last minute beside it, where the next `headway plan` finds it."""
    key, observed = (scene.facts.model, place.environment), scene.observed[place.environment]
    opening = scene.memory.measured.get(key)
    if opening and opening.epoch == observed.epoch and 0.0 <= scene.now - opening.start < NOTED_S:
        return
    scene.memory.measured[key] = open_window(observed, scene.now)
    if opening is None or place.stable is None or opening.epoch != observed.epoch:
        return
    if jumped(opening, scene.now, NOTED_S) or not (opening.counts and observed.counts):
        return
    version = place.stable.version
    arm = since(opening.counts.get(version), observed.counts.get(version))
    seen = Hour(hour=int(scene.now // HOUR_S), seconds=scene.now - opening.start, arm=arm, edges_ms=observed.edges_ms)
    hours = _added(_recalled(scene, place.environment), seen)
    answers = distribution("", opening.summaries, observed.summaries, control=version, candidate=version)
    note(scene, place.environment, arm, observed.edges_ms, answers)
    scene.world.runtime.remember(_key(*key), msgspec.json.encode(hours))


def foresee(scene: Scene) -> Iterator[Foreseen]:
    """For each environment that a version is about to enter over another: what its rollout can show."""
    for place in scene.facts.places:
        version = place.asked or scene.facts.version
        comes = place.live and place.stable and version not in {place.stable, place.candidate, None}
        if version and comes and (place.asked or not place.tried):
            yield _foreseen(scene, place, version.version)


def _foreseen(scene: Scene, place: Place, version: str) -> Foreseen:
    found = Foreseen(model=scene.facts.model, environment=place.environment, version=version, said=())
    placed, traffic = scene.wish.models.get(scene.facts.model), _of_the_day(scene, place.environment)
    if placed is None:
        return found
    model, needed = placed.value, replicas(placed.value, place)
    prices = scene.wish.environments[place.environment].spec.prices
    more = _more(model.spec.rollout, needed, arms=1 + len(place.arms))
    cost = _cost(model, more, prices) if prices else None
    peak = needed + more
    found = structs.replace(found, replicas=needed, peak_replicas=peak, cost=cost)
    capacity = f"It takes up to {peak} replicas, {more} more than now"
    capacity += f", which cost at most {cost:.2f} {prices.currency}." if prices and cost is not None else "."
    if traffic is None:
        unknown = "Today's traffic is not known yet; `headway up` measures it within two minutes."
        return structs.replace(found, said=(unknown, capacity))
    guardrails, stable = model.spec.rollout.guardrails, place.stable.version if place.stable else ""
    counted = counted_before(scene, place.environment, stable, guardrails)
    spreads = spread(scene, place.environment, guardrails, counted)
    told = {name: each for name, (first, *_) in counted.items() if (each := told_of(first))}
    reaches = forecast(model.spec.rollout, structs.replace(traffic, spread=spreads, told=told))
    measured = f"By the traffic of {time_in_words(traffic.seconds)} of the last day:"
    return structs.replace(
        found,
        said=(
            measured,
            *_between(spreads),
            *(f"{reach.guardrail}: {reach.said}" for reach in reaches),
            *_rest(model.spec.rollout),
            *_approvals(model.spec.rollout),
            capacity,
        ),
        findings=findings(model.spec.rollout, reaches, Where(file=placed.file)),
        reaches=reaches,
        measured_s=traffic.seconds,
    )


def _between(spreads: Mapping[str, float]) -> Iterator[str]:
    """Which guardrails are judged by how windows differ, and what that costs."""
    for name, times in spreads.items():
        if bursts(spreads, name):
            yield (
                f"{name}: minutes differ {times:.1f} times as much as chance makes them (bursts), so it is judged "
                f"between windows, and says nothing before the {ENOUGH_WINDOWS}th."
            )


def _more(wish: Rollout, needed: int, *, arms: int) -> int:
    """Replicas beside the stable version's: those of each arm of an experiment, then as many as all traffic needs."""
    share = STRATEGIES[wish.strategy].stages(wish)[-1] if arms > 1 else 0.0
    return max(needed, arms * part(share / arms, needed))


def _cost(model: Model, more: int, prices: Prices) -> float:
    """So many replicas more from the start to the deadline, and for as long as the old version is kept after it."""
    rollout, each = model.spec.rollout, model.spec.serve.resources
    hours = (rollout.deadline.after + rollout.keep) / HOUR_S
    return more * hours * (each.cpu * prices.cpu + each.memory / GIB * prices.memory)


def _rest(wish: Rollout) -> tuple[str, ...]:
    """What a promotion by this strategy does not rest on."""
    rest = STRATEGIES[wish.strategy].REST
    return (f"{wish.strategy}: {rest}.",) if rest else ()


def _approvals(wish: Rollout) -> Iterator[str]:
    """Where it waits for a person."""
    steps = ["is promoted" if step == PROMOTION else f"gets {step:.12g} %" for step in wish.approve_at]
    if steps:
        yield f"It waits for a person's approval before it {' and before it '.join(steps)}."


def _of_the_day(scene: Scene, environment: str) -> Traffic | None:
    """The sum of the last hours that count by the same edges as the newest; None when nothing was noted."""
    hours = [hour for hour in _recalled(scene, environment) if _recent(hour.hour, scene.now)]
    fitting = [hour for hour in hours if hour.edges_ms == hours[-1].edges_ms]
    if not fitting:
        return None
    summed = _sum(fitting)
    return Traffic(seconds=summed.seconds, arm=summed.arm, edges_ms=summed.edges_ms)


def _recent(hour: int, now: float) -> bool:
    """Not from before the last day, and not from a clock that was ahead."""
    return 0 <= int(now // HOUR_S) - hour < HOURS


def _added(hours: Sequence[Hour], seen: Hour) -> list[Hour]:
    kept = [hour for hour in hours if _recent(hour.hour, seen.hour * HOUR_S)]
    by_hour = groupby([*kept, seen], key=lambda hour: (hour.hour, hour.edges_ms))
    return [_sum(list(parts)) for _, parts in by_hour]


def _sum(hours: Sequence[Hour]) -> Hour:
    """Hours that count by the same edges, as the last of them."""
    arms = [hour.arm for hour in hours]
    if any(len(arm.slower) != len(hours[-1].edges_ms) for arm in arms):
        arms = [structs.replace(arm, slower=()) for arm in arms]
    return structs.replace(hours[-1], seconds=sum(hour.seconds for hour in hours), arm=total(arms))


def _recalled(scene: Scene, environment: str) -> tuple[Hour, ...]:
    data = scene.world.runtime.recall(_key(scene.facts.model, environment))
    if data is None:
        return ()
    try:
        return msgspec.json.decode(data, type=tuple[Hour, ...])
    except msgspec.DecodeError:
        return ()


def _key(model: str, environment: str) -> str:
    return f"traffic/{environment}/{model}"
