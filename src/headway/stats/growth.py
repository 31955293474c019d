"""How fast sequential evidence grows at given rates and traffic: the mean and the variance of a window's logarithm.

Assumes independent requests; `planning` turns growth into time and chance.
"""

import math
from collections.abc import Iterable, Sequence
from typing import TypeAlias

from msgspec import Struct

from headway.stats.benefit import FALLS
from headway.stats.sequential import HARM_LIFTS, SAFE_FRACTIONS, Counts, Line, boundary, nearest_null, raised

__all__ = ["Growth", "Prospect", "fallen_growth", "growth", "harm_growth", "kept_growth", "safe_growth", "together"]

# Only the proportion of the arms' requests matters to the nearest null; counts are whole numbers.
MANY = 10**9
LEAST_RATE = 1e-9

Logs: TypeAlias = tuple[float, float, float, float]


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
    return _growth(_logs(line, prospect, prospect.rate if bet is None else bet), prospect)


def _logs(line: Line, prospect: Prospect, bet: float) -> Logs:
    """What one bad and one good request of the candidate, and of the control, add to the logarithm."""
    alone = line.kind == "fixed"
    if prospect.of <= 0 or (prospect.control_of <= 0 and not alone):
        return (0.0, 0.0, 0.0, 0.0)
    rate, control = _kept(bet), _kept(prospect.control)
    arms = Counts(bad=0, of=MANY, control_bad=0, control_of=round(MANY * prospect.control_of / prospect.of))
    null, null_control = nearest_null(line, rate, control, arms)
    mine = (math.log(rate / null), math.log1p(-rate) - math.log1p(-null))
    return mine + (
        (0.0, 0.0) if alone else (math.log(control / null_control), math.log1p(-control) - math.log1p(-null_control))
    )


def _growth(logs: Logs, prospect: Prospect) -> Growth:
    bad, good, control_bad, control_good = logs
    p, q, n, m = prospect.rate, prospect.control, prospect.of, prospect.control_of
    mean = n * (p * bad + (1.0 - p) * good) + m * (q * control_bad + (1.0 - q) * control_good)
    variance = n * p * (1.0 - p) * (bad - good) ** 2 + m * q * (1.0 - q) * (control_bad - control_good) ** 2
    return Growth(mean=mean, variance=variance)


def harm_growth(lines: Sequence[Line], prospect: Prospect) -> Growth:
    """How evidence of harm (`log_harm`) grows a window, for its best alternative.

    Of several lines the least e-value counts, window by window: with few bad requests a window that is now one line's,
    now another's, and costs growth (Clark, Oper. Res. 1961, for the two lines that yield least).

    >>> wider = (Line(kind="ratio", by=1.1), Line(kind="offset", by=0.001))
    >>> found = harm_growth(wider, Prospect(rate=0.03, control=0.01, of=600, control_of=11_400))
    >>> round(found.mean, 2)
    6.18
    """
    base = max(boundary(line, prospect.control) for line in lines)
    return _best(lines, prospect, [raised(_kept(base), lift) for lift in HARM_LIFTS])


def fallen_growth(lines: Sequence[Line], prospect: Prospect) -> Growth:
    """How evidence of a fall (`benefit.log_fallen`) grows a window; the prospect's rates are of what is wished for.

    >>> fewer = Prospect(rate=0.08, control=0.1, of=600, control_of=11_400)
    >>> round(fallen_growth([Line(kind="ratio", by=0.95)], fewer).mean, 2)
    0.79
    """
    base = min(boundary(line, prospect.control) for line in lines)
    if base <= 0.0:
        return Growth(mean=0.0, variance=0.0)
    return _best(lines, prospect, [raised(_kept(base), fall) for fall in FALLS])


def _best(lines: Sequence[Line], prospect: Prospect, bets: Sequence[float]) -> Growth:
    return max((_least([_logs(line, prospect, bet) for line in lines], prospect) for bet in bets), key=_mean)


def _least(logs: Sequence[Logs], prospect: Prospect) -> Growth:
    """Mean and variance of the least of the windows' logarithms, which are nearly normal."""
    (first, one), *others = sorted(((each, _growth(each, prospect)) for each in logs), key=lambda found: found[1].mean)
    if not others:
        return one
    second, two = others[0]
    apart = _growth(tuple(a - b for a, b in zip(first, second, strict=True)), prospect)  # type: ignore[arg-type]
    if apart.variance <= 0.0:
        return one
    spread = math.sqrt(apart.variance)
    z = -apart.mean / spread
    part, density = _normal(z), spread * math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
    mean = one.mean * part + two.mean * (1.0 - part) - density
    square = (one.mean**2 + one.variance) * part + (two.mean**2 + two.variance) * (1.0 - part)
    return Growth(mean=mean, variance=max(0.0, square - (one.mean + two.mean) * density - mean**2))


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
    known = _kept(prospect.control)
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


def _normal(z: float) -> float:
    return 0.5 * math.erfc(-z / math.sqrt(2.0))


def _mean(found: Growth) -> float:
    return found.mean


def _kept(rate: float) -> float:
    return min(1.0 - LEAST_RATE, max(LEAST_RATE, rate))
