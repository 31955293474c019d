"""Bets on bounded values: exact evidence and intervals for a mean between 0 and 1, at any number of values.

Scores, ratings, right answers a request.  A gambler who cannot lose more than is staked bets against a supposed mean;
if it is the true one, no strategy makes rich (Waudby-Smith, Ramdas, JRSS-B 2024, arXiv 2010.09686, with their
predictable plug-in bets).  Values may depend on the past as long as their mean does not; knows no source of values.
"""

import math

from msgspec import Struct

from headway.stats.intervals import Interval

__all__ = ["Bounded", "Past", "Wealth", "bounded_interval", "log_hedged", "no_values", "seen", "staked", "wealth"]

# A bet never risks more than this share of what would ruin it.
AT_RISK = 0.5
STEPS = 200
LOG_HALF = math.log(0.5)


class Past(Struct, frozen=True, kw_only=True):
    """What bets may know: how many values there were, their sum, and their squared distances from the mean of then."""

    count: int = 0
    total: float = 0.0
    squares: float = 0.0


class Wealth(Struct, frozen=True, kw_only=True):
    """Logarithms of the wealth of two gamblers, on more and on less than `mean`.  Begin with `wealth`."""

    mean: float
    alpha: float
    past: Past
    more: float = 0.0
    less: float = 0.0


class Bounded(Struct, frozen=True, kw_only=True):
    """A confidence sequence: wealth against the means k/STEPS for low < k < high, the others being rejected."""

    alpha: float
    past: Past
    low: int
    high: int
    more: tuple[float, ...]
    less: tuple[float, ...]


def _stake(past: Past, alpha: float) -> float:
    """The plug-in bet: sqrt(2·log(2/alpha) / (variance·t·log(1 + t))), from values before the t-th."""
    t = past.count + 1
    variance = (0.25 + past.squares) / t
    return math.sqrt(2.0 * math.log(2.0 / alpha) / (variance * t * math.log1p(t)))


def _grown(past: Past, value: float) -> Past:
    total, count = past.total + value, past.count + 1
    mean = (0.5 + total) / (count + 1)
    return Past(count=count, total=total, squares=past.squares + (value - mean) ** 2)


def wealth(mean: float, *, alpha: float = 0.05) -> Wealth:
    """No bet yet against this mean, strictly between 0 and 1; `alpha` only tunes the stakes, for a decision at 1/alpha.

    >>> wealth(0.5).more
    0.0
    """
    if not 0.0 < mean < 1.0 or not 0.0 < alpha < 1.0:
        raise ValueError(f"a mean and a level lie between 0 and 1, not {mean} and {alpha}")
    return Wealth(mean=mean, alpha=alpha, past=Past())


def staked(so_far: Wealth, value: float) -> Wealth:
    """One more value between 0 and 1.  `more` is evidence against "at most the mean", `less` against "at least".

    >>> richer = staked(staked(wealth(0.5), 1.0), 1.0)
    >>> richer.more > 0.4 > 0 > richer.less
    True
    """
    _checked(value)
    bet = _stake(so_far.past, so_far.alpha)
    m = so_far.mean
    return Wealth(
        mean=m,
        alpha=so_far.alpha,
        past=_grown(so_far.past, value),
        more=so_far.more + math.log1p(min(bet, AT_RISK / m) * (value - m)),
        less=so_far.less + math.log1p(min(bet, AT_RISK / (1.0 - m)) * (m - value)),
    )


def log_hedged(so_far: Wealth) -> float:
    """The logarithm of the evidence that the mean is another, on either side: half of the stakes on each.

    >>> log_hedged(wealth(0.5)) == LOG_HALF
    True
    """
    return LOG_HALF + max(so_far.more, so_far.less)


def no_values(*, alpha: float = 0.05) -> Bounded:
    """No value yet; the interval ever misses the mean with probability at most alpha.

    >>> bounded_interval(no_values())
    Interval(point=nan, low=0.0, high=1.0)
    """
    if not 0.0 < alpha < 1.0:
        raise ValueError(f"a level lies between 0 and 1; {alpha} does not")
    none = (0.0,) * (STEPS - 1)
    return Bounded(alpha=alpha, past=Past(), low=0, high=STEPS, more=none, less=none)


def seen(so_far: Bounded, value: float) -> Bounded:
    """One more value between 0 and 1 (map yours there by its known limits).

    >>> fair = no_values()
    >>> for value in [0.4, 0.6] * 100: fair = seen(fair, value)
    >>> bounded_interval(fair)
    Interval(point=0.5, low=0.475, high=0.525)
    """
    _checked(value)
    bet, enough = _stake(so_far.past, so_far.alpha), math.log(2.0 / so_far.alpha)
    means = [k / STEPS for k in range(so_far.low + 1, so_far.high)]
    more = [
        log if log >= enough else log + math.log1p(min(bet, AT_RISK / m) * (value - m))
        for m, log in zip(means, so_far.more, strict=True)
    ]
    less = [
        log if log >= enough else log + math.log1p(min(bet, AT_RISK / (1.0 - m)) * (m - value))
        for m, log in zip(means, so_far.less, strict=True)
    ]
    first = next((at for at, log in enumerate(more) if log < enough), len(more))
    last = next((at for at in range(len(less), first, -1) if less[at - 1] < enough), first)
    return Bounded(
        alpha=so_far.alpha,
        past=_grown(so_far.past, value),
        low=so_far.low + first,
        high=so_far.low + 1 + last,
        more=tuple(more[first:last]),
        less=tuple(less[first:last]),
    )


def bounded_interval(so_far: Bounded) -> Interval:
    """The mean so far and its confidence sequence; the point is nan before the first value.

    >>> bounded_interval(seen(no_values(), 0.25)).point
    0.25
    """
    point = so_far.past.total / so_far.past.count if so_far.past.count else math.nan
    return Interval(point=point, low=so_far.low / STEPS, high=so_far.high / STEPS)


def _checked(value: float) -> None:
    if not 0.0 <= value <= 1.0:
        raise ValueError(f"{value} does not lie between 0 and 1")
