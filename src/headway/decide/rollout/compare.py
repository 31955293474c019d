"""Compares one metric of two versions by groups of their users, whose differences tell its error.  Knows no looks."""

from collections.abc import Sequence
from typing import TypeAlias

from msgspec import Struct

from headway.decide.rollout.guardrails.latency import LEVELS, scaled
from headway.evidence.experiment import Experiment
from headway.evidence.window import Arm, total
from headway.spec.guardrail import ErrorGuardrail, LatencyGuardrail, MetricGuardrail, title
from headway.stats.clusters import Clustered, clustered, difference
from headway.stats.intervals import Interval

__all__ = ["Compared", "Counted", "Level", "comparison"]

# Kinds of guardrails that are counted by groups of users.
Counted: TypeAlias = ErrorGuardrail | LatencyGuardrail | MetricGuardrail


class Compared(Struct, frozen=True, kw_only=True):
    """One metric of a guardrail: both arms and their difference with intervals, and what they show.

    `fewer`: less of it is worse, so that a candidate is better by what it has more.
    """

    guardrail: str
    name: str
    control: Interval
    candidate: Interval
    difference: Interval
    harm: bool
    safe: bool
    better: bool
    fewer: bool


class Level(Struct, frozen=True, kw_only=True):
    """How often a look may be wrong: about harm by this metric, about its safety, about its being better."""

    harm: float
    safe: float
    better: float


def comparison(guard: Counted, number: int, sums: Experiment, level: Level) -> Compared | None:
    """The n-th of its kind; None where there is nothing to compare: no request in an arm, no latencies, no counts."""
    if min(total(sums.control).starts, total(sums.candidate).starts) == 0:
        return None
    match guard:
        case ErrorGuardrail():
            control, mine = (
                clustered([group.errors for group in groups], [group.starts for group in groups])
                for groups in (sums.control, sums.candidate)
            )
            return _rates(guard, control, mine, level)
        case LatencyGuardrail():
            return _latency(guard, sums, level)
        case MetricGuardrail():
            return _metric(guard, number, sums, level)


def _metric(guard: MetricGuardrail, number: int, sums: Experiment, level: Level) -> Compared | None:
    """Nothing before each group was counted, for so many are the degrees of freedom; nor of what can be no counts.

    A guardrail that came to main after the last window was not counted at all.
    """
    if any(len(group.metrics) <= number for group in (*sums.control, *sums.candidate)):
        return None
    arms = [[group.metrics[number] for group in groups] for groups in (sums.control, sums.candidate)]
    if any(each.of == 0 for arm in arms for each in arm):
        return None
    if any(sum(each.counted for each in arm) > sum(each.of for each in arm) for arm in arms):
        return None
    control, mine = (clustered([each.counted for each in arm], [each.of for each in arm]) for arm in arms)
    return _rates(guard, control, mine, level, fewer=bool(guard.prometheus.good))


def _rates(
    guard: ErrorGuardrail | MetricGuardrail, control: Clustered, mine: Clustered, level: Level, *, fewer: bool = False
) -> Compared:
    """More is worse, or where things are good, fewer are: then stable's share is held against the candidate's."""
    worse, than = (control, mine) if fewer else (mine, control)
    by_ratio = difference(worse, than, level.harm, by=guard.tolerate).low
    by_offset = difference(worse, than, level.harm).low - guard.tolerate_floor
    # Within either line will do, so they share the level.
    in_ratio = difference(worse, than, level.safe / 2, by=guard.worse_by_at_most).high
    in_offset = difference(worse, than, level.safe / 2).high - guard.floor
    return Compared(
        guardrail=title(guard),
        name=title(guard),
        harm=min(by_ratio, by_offset) > 0,
        safe=min(in_ratio, in_offset) < 0,
        better=difference(worse, than, level.better).high < 0,
        fewer=fewer,
        **_intervals(control, mine, level),
    )


def _latency(guard: LatencyGuardrail, sums: Experiment, level: Level) -> Compared | None:
    """Shares of slow requests; a margin scales the edge."""
    seen, edges = total(sums.control), sums.edges_ms
    if not edges or len(seen.slower) != len(edges):
        return None
    least = (1.0 - LEVELS[guard.latency][-1]) * seen.starts
    at = max((at for at, slow in enumerate(seen.slower) if slow >= least), default=0)
    over, under = scaled(guard, edges, edges[at])
    control, mine = _slow(sums.control, at), _slow(sums.candidate, at)
    return Compared(
        guardrail=title(guard),
        name=f"slower than {edges[at]:.3g} ms",
        harm=over is not None and difference(_slow(sums.candidate, over), control, level.harm).low > 0,
        safe=difference(_slow(sums.candidate, under), control, level.safe).high < 0,
        better=difference(mine, control, level.better).high < 0,
        fewer=False,
        **_intervals(control, mine, level),
    )


def _slow(groups: Sequence[Arm], at: int) -> Clustered:
    """A request that began in one window may end in the next, so that slow ones can outnumber starts."""
    slow = [group.slower[at] for group in groups]
    return clustered(slow, [max(group.starts, bad) for group, bad in zip(groups, slow, strict=True)])


def _intervals(control: Clustered, mine: Clustered, level: Level) -> dict[str, Interval]:
    """Both arms and their difference, by the names that `Compared` gives them."""
    return {
        "control": _alone(control, level.safe / 2),
        "candidate": _alone(mine, level.safe / 2),
        "difference": difference(mine, control, level.safe / 2),
    }


def _alone(rate: Clustered, alpha: float) -> Interval:
    """A rate with its own interval, as far as rates go."""
    found = difference(rate, Clustered(rate=0.0, variance=0.0, degrees=rate.degrees), alpha)
    return Interval(point=found.point, low=max(0.0, found.low), high=min(1.0, found.high))
