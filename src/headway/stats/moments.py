"""Count, mean and variance of one arm's values in one window, also of a ratio metric and after CUPED.  Knows no test.

What is used to transform a window's values comes from earlier windows only; so a test that folds window after window
stays valid (statistics chapter, 2.2).
"""

import math
from collections.abc import Sequence

from msgspec import Struct

from headway.stats.sequential import Counts

__all__ = ["Moments", "Pairs", "adjusted", "cap_of", "joined", "linearised", "moments", "pairs", "shares"]


class Moments(Struct, frozen=True, kw_only=True):
    """How many values, their mean, and their variance with the divisor count - 1.

    A variance of 0.0 also stands for one that is not known (a gauge, a sum without squares): then only the variance
    between windows may be used.
    """

    count: int
    mean: float
    variance: float


class Pairs(Struct, frozen=True, kw_only=True):
    """Of pairs (y, x), one a unit of randomisation: count, means, variances and covariance, with divisor count - 1."""

    count: int
    y: float
    x: float
    var_y: float
    var_x: float
    covariance: float


def moments(values: Sequence[float], *, most: float = math.inf) -> Moments:
    """Moments of finite values, each counted as `most` where it is larger.  ValueError for a value that is not finite.

    With `most` at a quantile of history (`cap_of`) the metric is winsorised: one huge value no longer drowns a window.

    >>> moments([1.0, 2.0, 90.0], most=3.0)
    Moments(count=3, mean=2.0, variance=1.0)
    """
    both = pairs(values, values, most=most)
    return Moments(count=both.count, mean=both.y, variance=both.var_y)


def cap_of(history: Sequence[float], level: float) -> float:
    """The least value of history that a share `level` (0 to 1) of it does not exceed: where to winsorise from now on.

    >>> cap_of([5.0, 1.0, 2.0, 4.0, 3.0], 0.8)
    4.0
    """
    if not history or not 0.0 < level <= 1.0:
        raise ValueError(f"a cap needs values and a level in (0, 1], not {len(history)} values and {level}")
    return sorted(history)[math.ceil(level * len(history) * (1.0 - 1e-12)) - 1]


def pairs(ys: Sequence[float], xs: Sequence[float], *, most: float = math.inf) -> Pairs:
    """Moments of pairs of finite values, y counted as `most` where it is larger.

    >>> pairs([2.0, 4.0], [1.0, 2.0])
    Pairs(count=2, y=3.0, x=1.5, var_y=2.0, var_x=0.5, covariance=1.0)
    """
    capped = [min(y, most) for y in ys]
    if len(capped) != len(xs):
        raise ValueError(f"{len(capped)} values stand beside {len(xs)}")
    if not all(map(math.isfinite, ys)) or not all(map(math.isfinite, xs)):
        raise ValueError("a value that is not finite has no moments")
    n = len(capped)
    y, x = (math.fsum(capped) / n, math.fsum(xs) / n) if n else (0.0, 0.0)
    less = max(1, n - 1)
    return Pairs(
        count=n,
        y=y,
        x=x,
        var_y=math.fsum((one - y) ** 2 for one in capped) / less,
        var_x=math.fsum((other - x) ** 2 for other in xs) / less,
        covariance=math.fsum((one - y) * (other - x) for one, other in zip(capped, xs, strict=True)) / less,
    )


def joined(a: Pairs, b: Pairs) -> Pairs:
    """The pairs of both (Chan, Golub, LeVeque, Am. Stat. 1983): windows so far, arms, or the pods of one arm.

    >>> joined(pairs([2.0, 4.0], [1.0, 2.0]), pairs([9.0], [3.0])) == pairs([2.0, 4.0, 9.0], [1.0, 2.0, 3.0])
    True
    """
    n = a.count + b.count
    if not a.count or not b.count:
        return a if a.count else b
    dy, dx, times = b.y - a.y, b.x - a.x, a.count * b.count / n
    less_a, less_b, less = a.count - 1, b.count - 1, n - 1
    return Pairs(
        count=n,
        y=(a.count * a.y + b.count * b.y) / n,
        x=(a.count * a.x + b.count * b.x) / n,
        var_y=(less_a * a.var_y + less_b * b.var_y + times * dy * dy) / less,
        var_x=(less_a * a.var_x + less_b * b.var_x + times * dx * dx) / less,
        covariance=(less_a * a.covariance + less_b * b.covariance + times * dy * dx) / less,
    )


def linearised(window: Pairs, earlier: Pairs) -> Moments:
    """A ratio metric y/x (revenue per click, tokens per request) as a mean a unit: u = (y - R·x) / mean(x).

    R and mean(x) are the control's in earlier windows (delta method; Deng, Knoblich, Lu, KDD 2018, arXiv 1803.06336).
    The difference of the arms' means of u is that of their ratios, to first order.  A unit is what was assigned to an
    arm, as a user or a session.  ValueError when `earlier` has no x to divide by.

    >>> linearised(pairs([2.0, 6.0], [1.0, 2.0]), pairs([1.0, 3.0], [1.0, 1.0]))
    Moments(count=2, mean=1.0, variance=2.0)
    """
    if earlier.x == 0.0:
        raise ValueError("a ratio needs earlier windows with a denominator that is not zero")
    return _combined(window, slope=earlier.y / earlier.x, scale=earlier.x)


def adjusted(window: Pairs, earlier: Pairs) -> Moments:
    """CUPED (Deng, Xu, Kohavi, Walker, WSDM 2013): y - theta·(x - mean x), with theta and mean x of earlier windows.

    x is known before assignment, as the same user's y of last week.  The variance falls by the squared correlation,
    the difference of the arms keeps its meaning.  Without a spread of x in `earlier` nothing is adjusted.

    >>> adjusted(pairs([2.0, 6.0], [1.0, 3.0]), pairs([1.0, 5.0], [1.0, 3.0]))
    Moments(count=2, mean=4.0, variance=0.0)
    """
    theta = earlier.covariance / earlier.var_x if earlier.var_x else 0.0
    plain = _combined(window, slope=theta, scale=1.0)
    return Moments(count=plain.count, mean=plain.mean + theta * earlier.x, variance=plain.variance)


def _combined(window: Pairs, *, slope: float, scale: float) -> Moments:
    spread = window.var_y - 2.0 * slope * window.covariance + slope * slope * window.var_x
    mean = (window.y - slope * window.x) / scale
    return Moments(count=window.count, mean=mean, variance=max(0.0, spread) / (scale * scale))


def shares(counts: Counts) -> tuple[Moments, Moments]:
    """Candidate and control of a window of counts, with the variance of one request that both have under the null.

    >>> shares(Counts(bad=1, of=10, control_bad=1, control_of=10))[0]
    Moments(count=10, mean=0.1, variance=0.09000000000000001)
    """
    both = counts.of + counts.control_of
    pooled = (counts.bad + counts.control_bad) / both if both else 0.0
    variance = pooled * (1.0 - pooled)
    mine = Moments(count=counts.of, mean=counts.bad / max(1, counts.of), variance=variance)
    other = Moments(count=counts.control_of, mean=counts.control_bad / max(1, counts.control_of), variance=variance)
    return mine, other
