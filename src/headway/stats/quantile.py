"""Confidence sequences for a quantile and for a whole distribution, from counts above fixed edges.  Knows no latency.

Howard, Ramdas (Bernoulli 2022, arXiv 1906.09712): valid at every count at once, for any distribution with independent
values (of what one client sends many of, count one).  Edges are chosen before the values; an end is always an edge,
never a point between two.
"""

import math
from collections.abc import Sequence

from headway.stats.intervals import Interval
from headway.stats.share import log_other_share

__all__ = ["cdf_band", "cdf_width", "quantile_interval"]


def quantile_interval(
    edges: Sequence[float], above: Sequence[int], of: int, *, level: float, alpha: float = 0.05
) -> Interval:
    """The quantile at `level` (0.95 for p95), of `of` values of which `above[i]` lie above `edges[i]`; edges ascend.

    Low is the largest edge that it surely lies above, high the smallest that it surely does not lie above, infinite
    where no edge is sure; the point is the smallest edge with at least `level` of the values not above it.  The counts
    are totals: to be continued, keep them.  Of one arm alone: its traffic may change, its distribution must not.

    How many values lie below the true quantile is binomial; where the count at an edge lies further out than that one
    ever gets, the edge is on the other side of the quantile.  Tighter than the closed form of their theorem 1.

    >>> quantile_interval([100.0, 200.0, 400.0, 800.0], [9000, 900, 300, 20], 10_000, level=0.95)
    Interval(point=400.0, low=200.0, high=400.0)
    """
    if of < 1 or not 0.0 < level < 1.0 or not 0.0 < alpha < 1.0:
        raise ValueError(f"a quantile needs values, a level and alpha in (0, 1), not {of}, {level}, {alpha}")
    enough = -math.log(alpha)
    below = [(edge, of - one) for edge, one in zip(edges, above, strict=True)]
    sure = [(edge, count < level * of) for edge, count in below if log_other_share(count, of, level) >= enough]
    return Interval(
        point=min((edge for edge, count in below if count >= level * of * (1.0 - 1e-12)), default=math.inf),
        low=max((edge for edge, less in sure if less), default=-math.inf),
        high=min((edge for edge, less in sure if not less), default=math.inf),
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
