"""Confidence sequences for a quantile and for a whole distribution, from counts above fixed edges.  Knows no latency.

Howard, Ramdas (Bernoulli 2022, arXiv 1906.09712): valid at every count at once, for any distribution with independent
values (of what one client sends many of, count one).  Edges are chosen before the values; an end is always an edge,
never a point between two.
"""

import math
from collections.abc import Sequence

from headway.stats.intervals import Interval

__all__ = ["cdf_band", "cdf_width", "level_width", "quantile_interval"]


def level_width(count: int, level: float, *, alpha: float) -> float:
    """How far the share of values below the true quantile ever strays from `level`, either way, after `count` values.

    1.5·sqrt(p(1 - p)·l) + 0.8·l with l = (1.4·log log(2.1 t) + log(10/alpha))/t (their theorem 1).

    >>> round(level_width(10_000, 0.95, alpha=0.05), 5)
    0.01022
    """
    if count < 1 or not 0.0 < level < 1.0 or not 0.0 < alpha < 1.0:
        raise ValueError(f"a quantile needs values, a level and alpha in (0, 1), not {count}, {level}, {alpha}")
    scale = (1.4 * math.log(math.log(2.1 * count)) + math.log(10.0 / alpha)) / count
    return 1.5 * math.sqrt(level * (1.0 - level) * scale) + 0.8 * scale


def quantile_interval(
    edges: Sequence[float], above: Sequence[int], of: int, *, level: float, alpha: float = 0.05
) -> Interval:
    """The quantile at `level` (0.95 for p95), of `of` values of which `above[i]` lie above `edges[i]`; edges ascend.

    Low is the largest edge that it surely lies above, high the smallest that it surely does not lie above, infinite
    where no edge is sure; the point is the smallest edge with at least `level` of the values not above it.  The counts
    are totals: to be continued, keep them.  Of one arm alone: its traffic may change, its distribution must not.

    >>> quantile_interval([100.0, 200.0, 400.0, 800.0], [9000, 900, 300, 20], 10_000, level=0.95)
    Interval(point=400.0, low=200.0, high=400.0)
    """
    width = level_width(of, level, alpha=alpha)
    shares = [1.0 - one / of for one in above]
    low = [edge for edge, share in zip(edges, shares, strict=True) if share < level - width]
    high = [edge for edge, share in zip(edges, shares, strict=True) if share >= level + width]
    point = [edge for edge, share in zip(edges, shares, strict=True) if share >= level - 1e-12]
    return Interval(
        point=min(point, default=math.inf), low=max(low, default=-math.inf), high=min(high, default=math.inf)
    )


def cdf_width(count: int, *, alpha: float) -> float:
    """How far an empirical distribution ever strays from the true one, anywhere, after `count` values.

    0.85·sqrt((log log(e·t) + 0.8·log(1612/alpha))/t) (their theorem 2), a little above the exact constant.

    >>> round(cdf_width(10_000, alpha=0.05), 5)
    0.02771
    """
    if count < 1 or not 0.0 < alpha < 1.0:
        raise ValueError(f"a distribution needs values and alpha in (0, 1), not {count} and {alpha}")
    return 0.85 * math.sqrt((math.log(math.log(math.e * count)) + 0.8 * math.log(1612.0 / alpha)) / count)


def cdf_band(above: Sequence[int], of: int, *, alpha: float = 0.05) -> tuple[Interval, ...]:
    """The share of values above each edge, all edges and all times at once.

    Two versions whose bands lie apart at an edge differ there: with alpha/2 for each, wrongly with at most alpha.

    >>> [(one.point, round(one.low, 3), round(one.high, 3)) for one in cdf_band([900, 20], 10_000)]
    [(0.09, 0.062, 0.118), (0.002, 0.0, 0.03)]
    """
    width = cdf_width(of, alpha=alpha)
    shares = (one / of for one in above)
    return tuple(Interval(point=share, low=max(0.0, share - width), high=min(1.0, share + width)) for share in shares)
