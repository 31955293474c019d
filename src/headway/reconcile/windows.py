"""Cuts an observer's cumulative counts into windows.  Knows no rule; a window in which anything changed is dropped."""

from collections.abc import Mapping, Sequence
from itertools import starmap

from msgspec import Struct

from headway.evidence.outcome import Outcomes
from headway.evidence.pairs import Pairs, taken
from headway.evidence.stage import Rollout
from headway.evidence.window import Arm, Groups, Window
from headway.plan.arms import dealt
from headway.reconcile.ports import Observed, PodSummary
from headway.stats.counters import Counters, Increment

__all__ = ["COLD_REQUESTS", "Counter", "Opening", "Reading", "close_window", "jumped", "open_window", "since", "warmed"]

# Looks that came so much later than asked, in windows and seconds, were not late: the clock was set, or all slept.
LATE_WINDOWS = 3.0
LATE_S = 60.0
# The first requests of a process meet cold caches and new connections: they are not judged, so many for each replica.
COLD_REQUESTS = 10


# A version, which of its counters, and the group of users that is counted (empty: all).
Counter = tuple[str, str, str]


class Reading(Struct, frozen=True, kw_only=True):
    """One reading of a guardrail's counters: where they stand, and what they added since the reading before."""

    counters: Mapping[Counter, Counters]
    added: Mapping[Counter, Increment]


class Opening(Struct, frozen=True, kw_only=True):
    """The counts at the start of a window: Unix seconds, the observer's epoch, weights and counts by version.

    `summaries` are what the model servers said then, `outcomes` those of predictions, by guardrail and version,
    `readings` where a guardrail's counters stood.  While it is `cold`, what is counted is the candidate's warming up.
    """

    start: float
    epoch: str
    weights: Mapping[str, float]
    counts: Mapping[str, Arm]
    summaries: tuple[PodSummary, ...] = ()
    outcomes: Mapping[str, Mapping[str, Outcomes]] = {}
    readings: Mapping[str, Reading] = {}
    pairs: Pairs | None = None
    groups: Mapping[str, tuple[Arm, ...]] = {}
    cold: bool = False


def open_window(observed: Observed, now: float, *, cold: bool = False) -> Opening:
    """Begin a window with what is seen now."""
    return Opening(
        start=now,
        epoch=observed.epoch,
        weights=dict(observed.weights),
        counts=dict(observed.counts),
        summaries=observed.summaries,
        pairs=observed.pairs,
        groups=dict(observed.groups),
        cold=cold,
    )


def warmed(opening: Opening, observed: Observed, rollout: Rollout) -> bool:
    """Has each replica of each version been asked often enough since the opening to be judged from here on?"""
    return all(_warmed(opening, observed, arm.version) for arm in rollout.arms if arm.version not in rollout.dropped)


def _warmed(opening: Opening, observed: Observed, version: str) -> bool:
    seen = since(opening.counts.get(version), observed.counts.get(version))
    replicas = sum(work.wanted for work in observed.workloads if work.version == version)
    return max(seen.starts, seen.begun) >= COLD_REQUESTS * max(1, replicas)


def jumped(opening: Opening, now: float, window_s: float) -> bool:
    """Did the clock jump, backward or over more than any look is late?  Then its window is no window.

    >>> opening = Opening(start=1000.0, epoch="", weights={}, counts={})
    >>> [jumped(opening, now, 60.0) for now in (999.0, 1061.0, 4600.0)]
    [True, False, True]
    """
    return not 0.0 <= now - opening.start <= LATE_WINDOWS * window_s + LATE_S


def close_window(opening: Opening, observed: Observed, now: float, rollout: Rollout) -> Window | None:
    """The window from `opening` to now; None when it was silent, or observer, weights or counters changed meanwhile."""
    if not opening.counts or not observed.counts:
        return None
    if opening.epoch != observed.epoch or dict(opening.weights) != dict(observed.weights):
        return None
    versions = (rollout.over.version, *(arm.version for arm in rollout.arms))
    theirs, mine, *others = (since(opening.counts.get(version), observed.counts.get(version)) for version in versions)
    if min(arm.starts for arm in (theirs, mine, *others)) < 0:
        return None  # a version's counters began anew: its route was taken away and came back
    return Window(
        start=opening.start,
        end=now,
        weight=_weight(rollout, observed),
        edges_ms=observed.edges_ms,
        control=theirs,
        candidate=mine,
        pairs=taken(observed.pairs, opening.pairs or Pairs()) if observed.pairs else None,
        groups=_groups(opening, observed, versions),
    )


def _weight(rollout: Rollout, observed: Observed) -> float:
    """What all candidates have; the users of those that were dropped are theirs, though stable answers them."""
    weights = dict(zip((arm.version for arm in rollout.arms), dealt(rollout.weight, len(rollout.arms)), strict=True))
    return sum(
        weights[version] if version in rollout.dropped else observed.weights.get(version, 0.0) for version in weights
    )


def _groups(opening: Opening, observed: Observed, versions: Sequence[str]) -> Groups | None:
    """The same by groups of users, where they are kept apart."""
    arms = []
    for version in versions:
        before, after = opening.groups.get(version), observed.groups.get(version)
        if before is None or after is None:
            return None
        arms.append(tuple(starmap(since, zip(before, after, strict=True))))
    control, candidate, *others = arms
    return Groups(control=control, candidate=candidate, others=dict(zip(versions[2:], others, strict=True)))


def since(before: Arm | None, after: Arm | None) -> Arm:
    """What was counted between two looks at one observer; starts below 0 say that it began anew between them.

    Bad ones are never less than none: an observer may know how a request ended a moment later than that it did.
    """
    if after is None:
        return Arm()
    if before is None:
        return after
    slower = tuple(max(0, late - early) for early, late in zip(before.slower, after.slower, strict=True))
    return Arm(
        starts=after.starts - before.starts,
        begun=after.begun - before.begun,
        errors=max(0, after.errors - before.errors),
        slower=slower,
    )
