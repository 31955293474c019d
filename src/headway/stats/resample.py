"""Bounds from replicates of an estimate, written down so that any later level can be read off.  Draws nothing."""

from collections.abc import Mapping, Sequence

from headway.stats.intervals import Interval, wald_bounds

__all__ = ["REPLICATES", "TAILS", "resampled_bounds", "tails"]

REPLICATES = 2000
# A tail of 0.0025 rests on 5 of 2,000 replicates; below it the normal bound is used.
TAILS = (0.05, 0.025, 0.01, 0.005, 0.0025)


def tails(replicates: Sequence[float], *, prefix: str = "") -> dict[str, float]:
    """The replicates' quantiles at both ends of each tail in TAILS, by name (`low_0.05`, `high_0.05`, …).

    At least one replicate, in any order; linear between neighbours (Hyndman and Fan's seventh kind).

    >>> tails([float(k) for k in range(101)])["low_0.05"]
    5.0
    """
    ordered = sorted(replicates)
    found: dict[str, float] = {}
    for tail in TAILS:
        found[f"{prefix}low_{tail}"] = _quantile(ordered, tail)
        found[f"{prefix}high_{tail}"] = _quantile(ordered, 1.0 - tail)
    return found


def resampled_bounds(statistics: Mapping[str, float], *, alpha: float, prefix: str = "") -> Interval:
    """One-sided percentile bounds (Efron, Ann. Stat. 1979) at the largest written tail not above alpha.

    Assumes that whole units were drawn, independent of one another, and enough of them: of 30 or fewer the bounds are
    too narrow.  Below the smallest tail 2,000 replicates say nothing; there the wider of that tail and the normal bound
    holds.  KeyError when `statistics` lacks the estimate (`difference`), its `variance`, or a tail that `tails` writes.

    >>> written = {"difference": 0.5, "variance": 0.01, **tails([k / 100 for k in range(101)])}
    >>> found = resampled_bounds(written, alpha=0.05)
    >>> found.low, found.high
    (0.05, 0.95)
    """
    point = statistics[f"{prefix}difference"]
    tail = max((tail for tail in TAILS if tail <= alpha * (1.0 + 1e-9)), default=min(TAILS))
    low, high = statistics[f"{prefix}low_{tail}"], statistics[f"{prefix}high_{tail}"]
    if alpha < min(TAILS):
        normal = wald_bounds(point, statistics[f"{prefix}variance"], alpha=alpha)
        low, high = min(low, normal.low), max(high, normal.high)
    return Interval(point=point, low=low, high=high)


def _quantile(ordered: Sequence[float], probability: float) -> float:
    place = probability * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])
