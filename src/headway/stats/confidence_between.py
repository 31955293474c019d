"""A confidence sequence for the ratio of two rates where requests fail in bursts: by how windows differ.

Every value of the grid of `confidence` is tested from both sides by `between`, each side at alpha/2, and the interval
is what has not been rejected.  Large-sample, as `between` is; assumes that windows are independent of one another.
"""

import math

from msgspec import Struct

from headway.stats.between import Between, between, log_beyond, log_within, seen
from headway.stats.confidence import RATIOS
from headway.stats.intervals import Interval
from headway.stats.sequential import Counts, Line

__all__ = ["ConfidenceBetween", "ratio_between", "ratio_narrowed", "ratio_unknown"]


class ConfidenceBetween(Struct, frozen=True, kw_only=True, tag="between"):
    """What windows have said about the ratio p/q.  Begin with `ratio_unknown`.

    Values of the grid up to place `low` and from place `high` on are rejected; `states` are those between.  `mine` and
    `theirs` are the sums of Mantel and Haenszel.
    """

    alpha: float
    low: int
    high: int
    states: tuple[Between, ...] = ()
    mine: float = 0.0
    theirs: float = 0.0


def ratio_unknown(*, alpha: float = 0.05) -> ConfidenceBetween:
    """No window yet; the interval misses the truth, ever, with probability at most alpha.

    >>> ratio_between(ratio_unknown())
    Interval(point=nan, low=0.0, high=inf)
    """
    return ConfidenceBetween(alpha=alpha, low=-1, high=len(RATIOS))


def ratio_narrowed(so_far: ConfidenceBetween, control: float, counts: Counts, *, spread: float) -> ConfidenceBetween:
    """One more window; `control` is the control's rate as known before it, `spread` as in `between`.

    A window in which one arm has no request changes nothing.

    >>> known = ratio_unknown()
    >>> for bad in (15, 25) * 20:
    ...     window = Counts(bad=bad, of=1000, control_bad=8, control_of=1000)
    ...     known = ratio_narrowed(known, 0.01, window, spread=4.0)
    >>> ratio_between(known)
    Interval(point=2.5, low=1.75, high=3.5)
    """
    n, m = counts.of, counts.control_of
    if not n or not m:
        return so_far
    states, enough = so_far.states, math.log(2.0 / so_far.alpha)
    if so_far.high - so_far.low > len(RATIOS) and not states:
        states = tuple(between([Line(kind="ratio", by=by)], control, counts, spread=spread) for by in RATIOS)
    states = tuple(seen(state, counts) for state in states)
    first = next((at for at, state in enumerate(states) if log_beyond(state) < enough), len(states))
    last = next((at for at in range(len(states), first, -1) if log_within(states[at - 1]) < enough), first)
    return ConfidenceBetween(
        alpha=so_far.alpha,
        low=so_far.low + first,
        high=so_far.low + 1 + last,
        states=states[first:last],
        mine=so_far.mine + counts.bad * m / (n + m),
        theirs=so_far.theirs + counts.control_bad * n / (n + m),
    )


def ratio_between(so_far: ConfidenceBetween) -> Interval:
    """The estimate and the interval so far; the estimate is nan while no arm has a bad request.

    >>> known = ratio_unknown()
    >>> alike = Counts(bad=100, of=10000, control_bad=100, control_of=10000)
    >>> ratio_between(ratio_narrowed(known, 0.01, alike, spread=2.0))  # a single window says nothing yet
    Interval(point=1.0, low=0.0, high=inf)
    """
    low = RATIOS[so_far.low] if so_far.low >= 0 else 0.0
    high = RATIOS[so_far.high] if so_far.high < len(RATIOS) else math.inf
    none = math.inf if so_far.mine else math.nan
    return Interval(point=so_far.mine / so_far.theirs if so_far.theirs else none, low=low, high=high)
