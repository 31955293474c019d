"""Whether a metric may be judged request by request: what the stable version's own past says.  Only counts.

The stable version is compared with itself, its pods or users split at random into two halves (A/A).  Where requests
fail by themselves, the halves differ by as much as the counts alone make them; bursts and slow nodes make them differ
more, and every request-level test wrong (statistics chapter, 4.4: bursts of 3 turn 5 % into 21 %).  Assumes that the
past is like what comes.
"""

import hashlib
import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

from msgspec import Struct

from headway.stats.sequential import Counts

__all__ = ["MOST_DISPERSION", "Checked", "Judged", "checked", "dispersion", "halves", "lag_correlation", "merged"]

Judged: TypeAlias = Literal["per request", "robust", "lengthen windows", "only report"]

MOST_DISPERSION = 1.3
MOST_LAG = 0.1
# Fewer windows tell neither; the robust rule, which assumes least, then holds.
FEWEST = 20
# One-sided 5 % of a correlation of nothing over so many windows: a lag below it is no more than chance.
CHANCE = 1.645


class Checked(Struct, frozen=True, kw_only=True):
    """How to judge a metric, and why.

    `phi`: variance between windows over that of the counts (1: independent requests); `lag`: the correlation of
    neighbouring windows; both with windows joined by `merge`, of which there were `windows`.
    """

    judged: Judged
    phi: float
    lag: float
    windows: int
    merge: int


def halves(units: Mapping[str, tuple[int, int]], *, salt: str) -> Counts:
    """One window's counts by pod or user, (bad, of), as two halves drawn by `salt`: keep it for all windows.

    >>> halves({"pod-a": (1, 100), "pod-b": (3, 120), "pod-c": (2, 90)}, salt="1")
    Counts(bad=1, of=100, control_bad=5, control_of=210)
    """
    first = [unit for unit in units if hashlib.blake2b(f"{salt}/{unit}".encode(), digest_size=1).digest()[0] % 2]
    bad, of = (sum(units[unit][at] for unit in first) for at in (0, 1))
    all_bad, all_of = (sum(unit[at] for unit in units.values()) for at in (0, 1))
    return Counts(bad=bad, of=of, control_bad=all_bad - bad, control_of=all_of - of)


def merged(windows: Sequence[Counts], by: int) -> tuple[Counts, ...]:
    """Each `by` neighbouring windows as one; what is left over at the end is dropped.

    >>> one = Counts(bad=1, of=10, control_bad=2, control_of=20)
    >>> merged([one, one, one], 2)
    (Counts(bad=2, of=20, control_bad=4, control_of=40),)
    """
    return tuple(
        Counts(
            bad=sum(one.bad for one in group),
            of=sum(one.of for one in group),
            control_bad=sum(one.control_bad for one in group),
            control_of=sum(one.control_of for one in group),
        )
        for group in (windows[at : at + by] for at in range(0, len(windows) - by + 1, by))
    )


def dispersion(windows: Sequence[Counts]) -> float:
    """Variance of the halves' difference between windows, over that which their counts alone give; 1 when neither.

    Each window by its own pooled rate, so that a rate that moves in both halves does not count (Pearson's statistic for
    a 2x2 table, with the variance of the hypergeometric law).  For W windows of independent requests the standard
    error is about sqrt(2/W).

    >>> alike = Counts(bad=5, of=100, control_bad=5, control_of=100)
    >>> apart = Counts(bad=10, of=100, control_bad=0, control_of=100)
    >>> round(dispersion([alike, apart]), 2)
    5.24
    """
    pairs = [_weighted(window) for window in windows]
    known = math.fsum(variance for _, variance in pairs)
    return math.fsum(difference**2 for difference, _ in pairs) / known if known > 0.0 else 1.0


def lag_correlation(windows: Sequence[Counts]) -> float:
    """The correlation of the halves' difference in neighbouring windows, about a mean of 0; 0 when nothing differs.

    For W windows of independent requests the standard error is about 1/sqrt(W).  Halves that differ all the time, as by
    one slow node, are correlated too.

    >>> apart = Counts(bad=10, of=100, control_bad=0, control_of=100)
    >>> lag_correlation([apart] * 4)
    0.75
    """
    scaled = [
        difference / math.sqrt(variance) if variance > 0.0 else 0.0 for difference, variance in map(_weighted, windows)
    ]
    square = math.fsum(value**2 for value in scaled)
    return math.fsum(a * b for a, b in itertools.pairwise(scaled)) / square if square > 0.0 else 0.0


def checked(windows: Sequence[Counts]) -> Checked:
    """How a metric is to be judged, from windows of two halves of the same version in the order of time.

    Lag above 0.1 (and above chance): windows are joined, two and two, until it is 0.1 at most; then "lengthen windows",
    and the joined windows are judged by the robust rule; never so while 20 remain: "only report".  Otherwise dispersion
    above 1.3, or fewer than 20 windows: "robust", the variance between windows.  Otherwise "per request".

    >>> checked([Counts(bad=5, of=100, control_bad=5, control_of=100)] * 30).judged
    'per request'
    """
    merge, now = 1, tuple(windows)
    while len(now) >= FEWEST:
        lag, phi = lag_correlation(now), dispersion(now)
        if lag <= MOST_LAG or (merge == 1 and lag <= CHANCE / math.sqrt(len(now))):
            judged: Judged = "lengthen windows" if merge > 1 else "robust" if phi > MOST_DISPERSION else "per request"
            return Checked(judged=judged, phi=phi, lag=lag, windows=len(now), merge=merge)
        merge *= 2
        now = merged(windows, merge)
    judged = "robust" if merge == 1 else "only report"
    now = tuple(windows)
    return Checked(judged=judged, phi=dispersion(now), lag=lag_correlation(now), windows=len(now), merge=1)


def _weighted(window: Counts) -> tuple[float, float]:
    """The difference of the halves' rates times n·m/(n + m), and its variance when their sum of bad ones is given."""
    n, m = window.of, window.control_of
    if n == 0 or m == 0:
        return 0.0, 0.0
    weight, rate = n * m / (n + m), (window.bad + window.control_bad) / (n + m)
    difference = weight * (window.bad / n - window.control_bad / m)
    return difference, weight * rate * (1.0 - rate) * (n + m) / (n + m - 1)
