"""Counters of a monitoring system as increments between readings.  Knows no network and no query language.

The raw samples of each series are differenced here, because `increase()` and `rate()` extrapolate to the edges of their
window and give counts that nobody counted (prometheus/prometheus issue 3746).  A window is what one reading adds to the
one before it; a sample that arrives late belongs to the window in which it is read, so that no outcome decides where.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from msgspec import Struct

__all__ = ["Counters", "Increment", "Sample", "forgotten", "increment"]


class Sample(Struct, frozen=True, kw_only=True):
    """One scrape: when, in seconds since the epoch, and the counter's value then."""

    at: float
    value: float


class Counters(Struct, frozen=True, kw_only=True):
    """The last sample read of each series, by the series' name (all its labels)."""

    last: Mapping[str, Sample]


class Increment(Struct, frozen=True, kw_only=True):
    """What one reading added, summed over series, and what in it was not as it should be.

    `series` had samples that are newer than the last reading's, the newest at `until` (nan without any: a silent
    source).  `new` of them were not there before and count from zero.  `resets` are falls of a value: a process began
    again, and what it had counted after its last scrape is lost.  `conflicts` are times with two values, `unusable`
    values below zero or not finite, which are left out.
    """

    value: float
    series: int
    until: float
    new: int = 0
    resets: int = 0
    conflicts: int = 0
    unusable: int = 0


def increment(
    so_far: Counters | None, samples: Mapping[str, Sequence[Sample]], *, until: float = math.inf
) -> tuple[Counters, Increment]:
    """Read samples, by series, in any order; readings may overlap: what is no newer than the last reading is skipped.

    The first reading (`None`) counts nothing: it says where each series stands.  A series that comes later, as of a new
    pod, counts from zero; so labels must tell processes apart and nothing else, or a renamed series counts twice (`new`
    shows it).  One that goes is kept, for a scrape may fail and a pod come back.  Samples after `until` are left for
    the next reading: read bad requests and all requests up to the same time.

    >>> start, _ = increment(None, {"pod a": [Sample(at=0.0, value=90.0)]})
    >>> a, b = [Sample(at=15.0, value=95.0), Sample(at=30.0, value=3.0)], [Sample(at=30.0, value=4.0)]
    >>> increment(start, {"pod a": a, "pod b": b})[1]
    Increment(value=12.0, series=2, until=30.0, new=1, resets=1, conflicts=0, unusable=0)
    """
    last = dict(so_far.last) if so_far else {}
    grown: list[float] = []
    newest, moved, new, resets, conflicts, unusable = -math.inf, 0, 0, 0, 0, 0
    for name, raw in samples.items():
        usable = [one for one in raw if math.isfinite(one.at) and math.isfinite(one.value) and one.value >= 0.0]
        unusable += len(raw) - len(usable)
        known = last.get(name)
        fresh = [one for one in usable if one.at <= until and (known is None or one.at >= known.at)]
        before = known or Sample(at=-math.inf, value=0.0)
        for at, values in _by_time(fresh):
            conflicts += len(values | ({before.value} if at == before.at else set())) > 1
            if at == before.at:
                continue
            # Of two values at one time the smaller is safe, unless it would look like a reset.
            value = min((one for one in values if one >= before.value), default=min(values))
            resets += value < before.value
            grown.append(value if value < before.value else value - before.value)
            before = Sample(at=at, value=value)
        if before.at > (known.at if known else -math.inf):
            moved, newest, last[name] = moved + 1, max(newest, before.at), before
            new += known is None and so_far is not None
    found = Increment(
        value=math.fsum(grown) if so_far else 0.0,
        series=moved,
        until=newest if moved else math.nan,
        new=new,
        resets=resets if so_far else 0,
        conflicts=conflicts,
        unusable=unusable,
    )
    return Counters(last=last), found


def _by_time(samples: Iterable[Sample]) -> list[tuple[float, set[float]]]:
    ordered = sorted(samples, key=lambda one: one.at)
    return [(at, {one.value for one in group}) for at, group in groupby(ordered, key=lambda one: one.at)]


def forgotten(so_far: Counters, before: float) -> Counters:
    """Without the series that have been silent since that time; one of them that came back would count from zero.

    >>> state, _ = increment(None, {"pod a": [Sample(at=0.0, value=90.0)], "pod b": [Sample(at=60.0, value=1.0)]})
    >>> list(forgotten(state, before=30.0).last)
    ['pod b']
    """
    return Counters(last={name: sample for name, sample in so_far.last.items() if sample.at >= before})
