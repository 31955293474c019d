"""The window score process: evidence about a difference of two means, window after window.  Knows no metric.

Differences of the arms' means, weighted by what was known before outcomes, under Robbins' mixture (statistics chapter,
2.2).  Stratified by window, so that a drift common to both arms does not bias it; effects may move, and the interval
then covers their weighted average so far.  Large-sample: for rare events at low traffic take `sequential`.
"""

import math

from msgspec import Struct

from headway.stats.intervals import Interval
from headway.stats.mixture import half_width, log_above
from headway.stats.moments import Moments

__all__ = ["ENOUGH_WINDOWS", "Score", "log_higher", "log_lower", "score_interval", "scored", "variance_of"]

# From fewer windows than this the variance between them is not believed: a pragmatic start, to be checked by A/A.
ENOUGH_WINDOWS = 10


class Score(Struct, frozen=True, kw_only=True):
    """Sums over windows, of the difference D of the arms' means with weight h = n·m/(n + m).  Begin with `Score()`.

    `weight` sums h, `total` h·D, `within` h^2·var(D) as seen inside the windows; `squares`, `firsts` and `seconds` sum
    h^2, h^2·(D - origin) and h^2·(D - origin)^2, with the first window's D as origin: that keeps their digits.
    """

    windows: int = 0
    weight: float = 0.0
    total: float = 0.0
    within: float = 0.0
    origin: float = 0.0
    squares: float = 0.0
    firsts: float = 0.0
    seconds: float = 0.0


def scored(so_far: Score, candidate: Moments, control: Moments) -> Score:
    """One more window; it says nothing where one arm has no value.  ValueError for a moment that is not finite.

    An arm with a single value takes the other arm's variance.

    >>> one = Moments(count=100, mean=2.0, variance=1.0)
    >>> scored(Score(), one, one).within
    50.0
    """
    arms = (candidate, control)
    if not all(math.isfinite(arm.mean) and math.isfinite(arm.variance) for arm in arms):
        raise ValueError(f"a window with {arms} cannot be scored")
    n, m = candidate.count, control.count
    if not n or not m:
        return so_far
    h = n * m / (n + m)
    difference = candidate.mean - control.mean
    origin = so_far.origin if so_far.windows else difference
    beyond = difference - origin
    mine = candidate.variance if n > 1 else control.variance
    other = control.variance if m > 1 else candidate.variance
    return Score(
        windows=so_far.windows + 1,
        weight=so_far.weight + h,
        total=so_far.total + h * difference,
        within=so_far.within + h * h * (mine / n + other / m),
        origin=origin,
        squares=so_far.squares + h * h,
        firsts=so_far.firsts + h * h * beyond,
        seconds=so_far.seconds + h * h * beyond * beyond,
    )


def variance_of(so_far: Score, *, robust: bool) -> float:
    """The variance of the weighted sum of differences: as seen within windows or, if `robust`, between them if larger.

    Values that come in bursts, or by users with many requests each, vary more between windows than the values of one
    window tell.  0.0 while it is not known: robust before ENOUGH_WINDOWS.  Assumes that windows are independent of one
    another: shocks of one arm that outlast a window break it (statistics chapter, 4.4).

    >>> one = Moments(count=100, mean=2.0, variance=1.0)
    >>> variance_of(scored(Score(), one, one), robust=True)
    0.0
    """
    if not robust:
        return so_far.within
    k = so_far.windows
    if k < ENOUGH_WINDOWS:
        return 0.0
    mean = so_far.total / so_far.weight - so_far.origin
    spread = so_far.seconds - 2.0 * mean * so_far.firsts + mean * mean * so_far.squares
    return max(so_far.within, k / (k - 1) * spread)


def log_higher(so_far: Score, *, rho: float, than: float = 0.0, robust: bool = False) -> float:
    """The logarithm of the evidence that the candidate's mean lies more than `than` above the control's.

    An e-process for "difference <= than" in every window; `rho` from `rho_for(planned variance_of, sides=1)`, fixed
    before the start.  Harm of a metric of which less is better, or safety of one of which more is.

    >>> low, high = (Moments(count=500, mean=mean, variance=1.0) for mean in (2.0, 2.4))
    >>> log_higher(scored(Score(), high, low), rho=30.0) > 3 > 0 > log_higher(scored(Score(), low, high), rho=30.0)
    True
    """
    return log_above(so_far.total - than * so_far.weight, variance_of(so_far, robust=robust), rho=rho)


def log_lower(so_far: Score, *, rho: float, than: float = 0.0, robust: bool = False) -> float:
    """The same for the candidate's mean lying less than `than` above the control's.

    >>> low, high = (Moments(count=500, mean=mean, variance=1.0) for mean in (2.0, 2.1))
    >>> log_lower(scored(Score(), high, low), rho=30.0, than=0.5) > 3
    True
    """
    return log_above(than * so_far.weight - so_far.total, variance_of(so_far, robust=robust), rho=rho)


def score_interval(so_far: Score, *, rho: float, alpha: float = 0.05, robust: bool = False) -> Interval:
    """The difference of means with its confidence sequence (two-sided, `rho` from `rho_for` with two sides).

    The point is nan before the first window, and the ends are infinite while the variance is not known.

    >>> low, high = (Moments(count=500, mean=mean, variance=1.0) for mean in (2.0, 2.5))
    >>> found = score_interval(scored(Score(), high, low), rho=30.0)
    >>> (found.point, round(found.low, 3), round(found.high, 3))
    (0.5, 0.308, 0.692)
    """
    point = so_far.total / so_far.weight if so_far.weight else math.nan
    variance = variance_of(so_far, robust=robust)
    if variance <= 0.0:
        return Interval(point=point, low=-math.inf, high=math.inf)
    half = half_width(variance, rho=rho, alpha=alpha) / so_far.weight
    return Interval(point=point, low=point - half, high=point + half)
