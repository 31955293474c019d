"""How fast sequential evidence grows at given rates and traffic: the mean and the variance of a window's logarithm.

Assumes independent requests; `planning` turns growth into time and chance.
"""

import math
from collections.abc import Iterable, Sequence

from msgspec import Struct

from headway.stats.benefit import FALLS
from headway.stats.sequential import (
    HARM_LIFTS,
    SAFE_FRACTIONS,
    Line,
    boundary,
    expected_least,
    kept,
    raised,
    weights_behind,
)

__all__ = ["Growth", "Prospect", "fallen_growth", "growth", "harm_growth", "kept_growth", "safe_growth", "together"]


class Prospect(Struct, frozen=True, kw_only=True):
    """What a window is expected to bring: the true shares of bad requests (0 to 1) and the requests of each arm."""

    rate: float
    control: float
    of: float
    control_of: float


class Growth(Struct, frozen=True, kw_only=True):
    """Mean and variance of what a window (or many) adds to the logarithm of the evidence."""

    mean: float
    variance: float


def growth(line: Line, prospect: Prospect, bet: float | None = None) -> Growth:
    """How the evidence against one line grows a window, for the alternative `bet` (by default the true rate itself).

    With the true rate the mean is n·KL(p || p0) + m·KL(q || q0) for the nearest pair (p0, q0) on the line: the most
    that any e-process can gain (Grünwald, de Heide, Koolen, JRSS-B 2024).  Nothing grows without requests in an arm.

    >>> found = growth(Line(kind="ratio", by=1.0), Prospect(rate=0.02, control=0.01, of=1, control_of=19))
    >>> round((math.log(20) + 1.5) / found.mean)  # requests of the candidate until 2x is found
    1227
    """
    return _grown((line,), prospect, prospect.rate if bet is None else bet)


def _grown(lines: Sequence[Line], prospect: Prospect, bet: float) -> Growth:
    alone = all(line.kind == "fixed" for line in lines)
    if prospect.of <= 0 or (prospect.control_of <= 0 and not alone):
        return Growth(mean=0.0, variance=0.0)
    sizes = prospect.of, prospect.control_of
    weights = weights_behind(lines, kept(bet), kept(prospect.control), sizes)
    mean, variance = expected_least(weights, (prospect.rate, prospect.control), sizes)
    return Growth(mean=mean, variance=variance)


def harm_growth(lines: Sequence[Line], prospect: Prospect) -> Growth:
    """How evidence of harm (`log_harm`) grows a window, for its best alternative.

    Of several lines the least e-value counts, or that of one line above them all, as `weights_behind` chooses.

    >>> wider = (Line(kind="ratio", by=1.1), Line(kind="offset", by=0.001))
    >>> found = harm_growth(wider, Prospect(rate=0.03, control=0.01, of=600, control_of=11_400))
    >>> round(found.mean, 2)
    6.18
    """
    base = max(boundary(line, prospect.control) for line in lines)
    return _best(lines, prospect, [raised(kept(base), lift) for lift in HARM_LIFTS])


def fallen_growth(lines: Sequence[Line], prospect: Prospect) -> Growth:
    """How evidence of a fall (`benefit.log_fallen`) grows a window; the prospect's rates are of what is wished for.

    >>> fewer = Prospect(rate=0.08, control=0.1, of=600, control_of=11_400)
    >>> round(fallen_growth([Line(kind="ratio", by=0.95)], fewer).mean, 2)
    0.79
    """
    base = min(boundary(line, prospect.control) for line in lines)
    if base <= 0.0:
        return Growth(mean=0.0, variance=0.0)
    return _best(lines, prospect, [raised(kept(base), fall) for fall in FALLS])


def _best(lines: Sequence[Line], prospect: Prospect, bets: Sequence[float]) -> Growth:
    return max((_grown(lines, prospect, bet) for bet in bets), key=_mean)


def safe_growth(lines: Sequence[Line], prospect: Prospect, *, equal: float | None = None) -> Growth:
    """How evidence of safety (`log_safe`) grows a window, for its best alternative; `equal` as there.

    >>> margin = (Line(kind="ratio", by=1.5), Line(kind="offset", by=0.005))
    >>> alike = Prospect(rate=0.01, control=0.01, of=600, control_of=11_400)
    >>> round(safe_growth(margin, alike).mean, 2)
    0.54
    """
    widest = max(lines, key=lambda line: boundary(line, prospect.control))
    far = boundary(widest, prospect.control)
    same = prospect.control if equal is None else equal
    if same >= far:
        return Growth(mean=0.0, variance=0.0)
    bets = (max(same + part * (far - same), 0.25 * same) for part in SAFE_FRACTIONS)
    return max((growth(widest, prospect, bet) for bet in bets), key=_mean)


def kept_growth(lines: Sequence[Line], prospect: Prospect) -> Growth:
    """How evidence that nothing fell beyond a margin (`benefit.log_kept`) grows a window.

    >>> alike = Prospect(rate=0.1, control=0.1, of=600, control_of=11_400)
    >>> round(kept_growth([Line(kind="ratio", by=0.7)], alike).mean, 2)
    3.55
    """
    known = kept(prospect.control)
    real = [line for line in lines if 0.0 < boundary(line, known) < known]
    if not real:
        return Growth(mean=0.0, variance=0.0)
    widest = min(real, key=lambda line: boundary(line, known))
    far = boundary(widest, known)
    bets = (min(known + part * (far - known), 0.5 * (1.0 + known)) for part in SAFE_FRACTIONS)
    return max((growth(widest, prospect, bet) for bet in bets), key=_mean)


def together(parts: Iterable[Growth]) -> Growth:
    """The growth over several windows, such as those of the stages of a ramp.

    >>> together([Growth(mean=1.0, variance=2.0), Growth(mean=0.5, variance=1.0)])
    Growth(mean=1.5, variance=3.0)
    """
    found = tuple(parts)
    return Growth(mean=math.fsum(part.mean for part in found), variance=math.fsum(part.variance for part in found))


def _mean(found: Growth) -> float:
    return found.mean
