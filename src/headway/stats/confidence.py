"""Confidence sequences for the ratio or the difference of two rates: intervals that hold at all times at once.

Every value of a grid is tested from both sides by the windowed 2x2 e-process, each side at alpha/2, and the interval is
what has not been rejected (statistics chapter, 2.1; Turner, Grünwald, arXiv 2203.09785).  Knows no rollout.
"""

import math
from typing import Literal, TypeAlias

from msgspec import Struct

from headway.stats.intervals import Interval
from headway.stats.sequential import LEAST_RATE, Counts, Line, boundary, log_e, log_mean_exp, raised

__all__ = ["OFFSETS", "RATIOS", "Confidence", "interval_of", "narrowed", "p_value", "unknown"]

Kind: TypeAlias = Literal["ratio", "offset"]
Logs: TypeAlias = tuple[float, ...]

# The margins that people write are on the grids, so that "within 1.5x" is decided and not rounded.
# fmt: off
RATIOS = (
    0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.875, 0.9,
    0.92, 0.94, 0.95, 0.96, 0.97, 0.98, 0.99, 1.0, 1.01, 1.02, 1.03, 1.04, 1.05, 1.06, 1.08, 1.1, 1.125, 1.15, 1.2,
    1.25, 1.3, 1.35, 1.4, 1.5, 1.6, 1.75, 2.0, 2.25, 2.5, 2.75, 3.0, 3.5, 4.0, 5.0, 6.0, 8.0, 10.0, 15.0, 25.0, 60.0,
)
_SHARES = (
    0.0001, 0.0002, 0.0005, 0.001, 0.0015, 0.002, 0.003, 0.004, 0.005, 0.006, 0.008, 0.01, 0.0125, 0.015, 0.02, 0.025,
    0.03, 0.04, 0.05, 0.06, 0.08, 0.1, 0.125, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.7,
)
# fmt: on
OFFSETS = (*(-share for share in reversed(_SHARES)), 0.0, *_SHARES)
GRIDS = {"ratio": RATIOS, "offset": OFFSETS}
WIDEST = {"ratio": (0.0, math.inf), "offset": (-1.0, 1.0)}
# Odds of the fixed alternatives beyond a line; the last alternative is the candidate's rate as estimated so far.  Fixed
# ones alone never reject a value nearer than half the least of them, the estimate alone starts slowly
# (docs/decisions/0221).
LIFTS = (1.3, 2.5)
NEAREST_LIFT = 1.02
MOST_RATE = 0.99
NONE = (0.0,) * (len(LIFTS) + 1)
# What stands for the logarithms of a value that has been rejected: nothing that comes later takes that back.
REJECTED: Logs = ()


class Confidence(Struct, frozen=True, kw_only=True, tag="requests"):
    """What windows have said about the ratio p/q or the offset p - q of two rates.  Begin with `unknown`.

    Values of the grid up to place `low` and from place `high` on are rejected; for those between, `above` and `below`
    hold the logarithms of evidence for lying above and below them, one an alternative.  `mine`, `theirs` and `weight`
    are the sums of Mantel and Haenszel.
    """

    kind: Kind
    alpha: float
    low: int
    high: int
    above: tuple[Logs, ...]
    below: tuple[Logs, ...]
    mine: float = 0.0
    theirs: float = 0.0
    weight: float = 0.0


def unknown(kind: Kind, *, alpha: float = 0.05) -> Confidence:
    """No window yet.  The interval misses the truth, ever, with probability at most alpha; each end alone with alpha/2.

    For one end at level alpha begin with 2·alpha.  ValueError unless 0 < alpha < 2.

    >>> interval_of(unknown("offset"))
    Interval(point=nan, low=-1.0, high=1.0)
    """
    if not 0.0 < alpha < 2.0:
        raise ValueError(f"the level is {alpha}; it lies between 0 and 1, or 2 for a single end")
    values = len(GRIDS[kind])
    return Confidence(kind=kind, alpha=alpha, low=-1, high=values, above=(NONE,) * values, below=(NONE,) * values)


def narrowed(so_far: Confidence, control: float, counts: Counts) -> Confidence:
    """One more window.  `control` is the control's rate (0 to 1) as known before it, as in `log_harm`.

    Assumes independent requests in a window and one ratio (or offset) in all of them, while both rates may move; where
    it is not one, some window had more than `low` and some window less than `high`.  A window in which one arm has no
    request changes nothing.  A value is tested until an end passes it, so the cost falls as the interval narrows.
    ValueError for more bad requests than requests.

    >>> worse = Counts(bad=30, of=1000, control_bad=100, control_of=10000)
    >>> interval_of(narrowed(unknown("ratio"), 0.01, worse))
    Interval(point=3.0, low=1.4, high=6.0)
    """
    n, m = counts.of, counts.control_of
    if not 0 <= counts.bad <= n or not 0 <= counts.control_bad <= m:
        raise ValueError(f"{counts} has more bad requests than requests")
    if not n or not m:
        return so_far
    known = min(MOST_RATE, max(LEAST_RATE, control))
    grid = GRIDS[so_far.kind][so_far.low + 1 : so_far.high]
    over = [_tested(1.0, by, logs, so_far, known, counts) for by, logs in zip(grid, so_far.above, strict=True)]
    under = [_tested(-1.0, by, logs, so_far, known, counts) for by, logs in zip(grid, so_far.below, strict=True)]
    first = next((at for at, logs in enumerate(over) if logs != REJECTED), len(over))
    last = next((at for at in range(len(under), first, -1) if under[at - 1] != REJECTED), first)
    return Confidence(
        kind=so_far.kind,
        alpha=so_far.alpha,
        low=so_far.low + first,
        high=so_far.low + 1 + last,
        above=tuple(over[first:last]),
        below=tuple(under[first:last]),
        mine=so_far.mine + counts.bad * m / (n + m),
        theirs=so_far.theirs + counts.control_bad * n / (n + m),
        weight=so_far.weight + n * m / (n + m),
    )


def _tested(side: float, by: float, logs: Logs, so_far: Confidence, control: float, counts: Counts) -> Logs:
    """One value's evidence after the window, or REJECTED once it is enough."""
    rates = () if logs == REJECTED else _alternatives(side, by, so_far, control)
    if not rates:
        return logs
    line = Line(kind=so_far.kind, by=by)
    grown = tuple(old + log_e(line, rate, control, counts) for old, rate in zip(logs, rates, strict=True))
    enough = math.log(2.0 / so_far.alpha)
    return REJECTED if max(grown) >= enough and log_mean_exp(grown) >= enough else grown


def _alternatives(side: float, by: float, so_far: Confidence, control: float) -> tuple[float, ...]:
    """Rates on this side of the line; none where no rate lies there, or the estimate so far lies on the other."""
    far = boundary(Line(kind=so_far.kind, by=by), control)
    if far <= 0.0:
        # Nothing lies below such a line.  All lies above it: the control tells, and alternatives spread around it.
        return () if side < 0.0 else (raised(control, 0.5), control, raised(control, 2.0))
    if far >= MOST_RATE and side > 0.0:
        return ()
    base = min(MOST_RATE, far)
    # Begins with one bad request in either arm at the line.
    estimate = control * (so_far.mine + 1.0) / (so_far.theirs + control / base)
    if so_far.weight and side * (estimate - base) < 0.0:
        return ()
    nearest = raised(base, NEAREST_LIFT**side)
    beyond = max(estimate, nearest) if side > 0.0 else min(estimate, nearest)
    return (*(raised(base, lift**side) for lift in LIFTS), min(beyond, max(MOST_RATE, nearest)))


def interval_of(so_far: Confidence) -> Interval:
    """The estimate and the interval so far: of p/q for a ratio, of p - q for an offset.

    The estimate is that of Mantel and Haenszel (J. Natl. Cancer Inst. 1959; for differences Greenland and Robins,
    Biometrics 1985), stratified by window, so that a drift common to both arms does not move it; nan while no arm has a
    bad request, inf while only the control has none.

    >>> alike = Counts(bad=100, of=10000, control_bad=100, control_of=10000)
    >>> interval_of(narrowed(unknown("ratio"), 0.01, alike)).point
    1.0
    """
    grid, widest = GRIDS[so_far.kind], WIDEST[so_far.kind]
    low = grid[so_far.low] if so_far.low >= 0 else widest[0]
    high = grid[so_far.high] if so_far.high < len(grid) else widest[1]
    return Interval(point=_point(so_far), low=low, high=high)


def _point(so_far: Confidence) -> float:
    if so_far.kind == "offset":
        return (so_far.mine - so_far.theirs) / so_far.weight if so_far.weight else math.nan
    if so_far.theirs:
        return so_far.mine / so_far.theirs
    return math.inf if so_far.mine else math.nan


def p_value(log_evidence: float, before: float = 1.0) -> float:
    """The always-valid p-value after one more look: 1 / the greatest evidence so far; `before` is the last look's.

    It may be read at any time, and is at most alpha with probability at most alpha under the null (Johari et al., Oper.
    Res. 2022); `log_evidence` is the logarithm of an e-process, as `harm_of` gives it.

    >>> p_value(math.log(4.0)), p_value(math.log(2.0), before=0.25)
    (0.25, 0.25)
    """
    return min(before, math.exp(-max(0.0, log_evidence)))
