"""Group-sequential tests: a level spent over a few looks, when the most that will ever be seen is known beforehand.

For promotion at the ends of a ramp's stages: it needs less traffic than an e-process, which may be looked at for ever,
and may be looked at only then.  Spending of Lan and DeMets (Biometrika 1983), boundaries by the recursive integration
of Armitage, McPherson and Rowe (JRSS-A 1969; Jennison, Turnbull 1999, chapter 19), the statistic of Farrington and
Manning (Stat. Med. 1990) by stages.  Assumes independent requests and counts large enough for a normal law; a look at
another time than planned is fine as long as what was seen did not choose it.
"""

import math
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Literal, TypeAlias

from msgspec import Struct

from headway.stats.growth import Prospect
from headway.stats.intervals import normal_quantile
from headway.stats.sequential import Counts, Line, boundary, nearest_null

__all__ = ["Look", "Spending", "boundaries", "information", "look", "reached", "reaches", "spent_by"]

Spending: TypeAlias = Literal["obrien-fleming", "power"]
Masses: TypeAlias = list[tuple[float, float]]

# No path comes from further below its mean, in standard deviations.
FAR = 6.5
# Steps of Simpson's rule to a standard deviation of what a look adds: boundaries are then good to about 1e-5.
FINE = 6
# Less than this to spend is nothing, and its boundary is infinite.
LEAST = 1e-30
# Expectations are taken over so many requests and divided again: counts are whole numbers.
MANY = 10**9


class Look(Struct, frozen=True, kw_only=True):
    """What one stage adds: the score, and its variance, the information.

    Both add up over stages; z is the sum of the scores over the root of the information.
    """

    score: float
    information: float


def spent_by(fraction: float, *, alpha: float, spending: Spending = "obrien-fleming", power: float = 1.0) -> float:
    """The part of a one-sided level that may be spent by this fraction of the planned information; above 1 all of it.

    "obrien-fleming": 2 - 2 Phi(z(alpha/2) / sqrt(fraction)), next to nothing early; "power": alpha·fraction^power (Kim,
    DeMets, Biometrika 1987; 1 is nearly Pocock's, 3 nearly O'Brien and Fleming's).

    >>> round(spent_by(0.5, alpha=0.05), 5), spent_by(0.5, alpha=0.05, spending="power", power=2.0)
    (0.00557, 0.0125)
    """
    part = min(1.0, fraction)
    if part <= 0.0:
        return 0.0
    if spending == "power":
        return alpha * math.pow(part, power)
    return math.erfc(normal_quantile(1.0 - alpha / 2.0) / math.sqrt(2.0 * part))


def boundaries(
    fractions: Sequence[float],
    *,
    alpha: float,
    spending: Spending = "obrien-fleming",
    power: float = 1.0,
    last: bool = False,
) -> tuple[float, ...]:
    """What z must reach at each look, so that it ever does with probability `alpha` at most under the null.

    `fractions` of the planned information rise, and may pass 1; `last` says that no look comes after these, so that
    what is left is spent.  A boundary depends on earlier looks only: those of the past stay when a later one comes at
    another time.  Infinite where nothing is spent.  ValueError for fractions that do not rise.

    >>> [round(z, 3) for z in boundaries([0.25, 0.5, 0.75, 1.0], alpha=0.025)]
    [4.333, 2.963, 2.359, 2.014]
    """
    levels = [spent_by(one, alpha=alpha, spending=spending, power=power) for one in fractions]
    if last and levels:
        levels[-1] = alpha
    found: list[float] = []
    masses: Masses = [(0.0, 1.0)]
    steps = _steps(fractions)
    for (before, now), (had, has), step in zip(
        pairwise([0.0, *fractions]), pairwise([0.0, *levels]), steps, strict=True
    ):
        z = _quantile(masses, has - had, spread=math.sqrt(now - before), end=now)
        found.append(z)
        masses = _onward(masses, (before, now), upper=z, step=step)
    return tuple(found)


def reaches(fractions: Sequence[float], bounds: Sequence[float], *, drift: float) -> tuple[float, ...]:
    """The chance that z has reached its bound by each look, when at fraction 1 it has mean `drift` (and variance 1).

    With drift 0 the error rate, with (effect·sqrt(planned information)) the power.  ValueError as for `boundaries`.

    >>> looks = (0.25, 0.5, 0.75, 1.0)
    >>> [round(chance, 3) for chance in reaches(looks, boundaries(looks, alpha=0.025), drift=2.8)]
    [0.002, 0.163, 0.53, 0.792]
    """
    found: list[float] = []
    masses: Masses = [(0.0, 1.0)]
    for (before, now), z, step in zip(pairwise([0.0, *fractions]), bounds, _steps(fractions), strict=True):
        spread = math.sqrt(now - before)
        passed = _beyond(masses, z * math.sqrt(now) - drift * (now - before), spread)
        found.append((found[-1] if found else 0.0) + passed)
        masses = _onward(masses, (before, now), upper=z, step=step, drift=drift)
    return tuple(found)


def look(line: Line, counts: Counts) -> Look:
    """What a stage's counts say against "the candidate lies on this line or beyond it"; above 0 speaks for safety.

    The distance of the observed rates from the line, over its variance at the nearest pair of rates on it (which is
    the most likely one); nothing where that has no variance, as without a single bad request under a ratio.

    >>> stage = look(Line(kind="ratio", by=1.5), Counts(bad=50, of=5000, control_bad=950, control_of=95_000))
    >>> round(stage.score / math.sqrt(stage.information), 2)
    2.83
    """
    if counts.of == 0 or (counts.control_of == 0 and line.kind != "fixed"):
        return Look(score=0.0, information=0.0)
    rate, control = counts.bad / counts.of, counts.control_bad / max(1, counts.control_of)
    p, q = nearest_null(line, rate, control, counts)
    variance = p * (1.0 - p) / counts.of
    if line.kind != "fixed":
        slope = line.by if line.kind == "ratio" else 1.0
        variance += slope**2 * q * (1.0 - q) / counts.control_of
    if variance <= 0.0:
        return Look(score=0.0, information=0.0)
    return Look(score=(boundary(line, control) - rate) / variance, information=1.0 / variance)


def information(line: Line, prospect: Prospect) -> float:
    """The information to expect from so many requests at these rates: what `planned` is the sum of, over all stages.

    >>> alike = Prospect(rate=0.01, control=0.01, of=5000, control_of=95_000)
    >>> round(0.005 * math.sqrt(information(Line(kind="ratio", by=1.5), alike)), 2)  # the drift of an equal candidate
    2.83
    """
    counts = Counts(
        bad=round(MANY * prospect.rate),
        of=MANY,
        control_bad=round(MANY * prospect.control * prospect.control_of / prospect.of),
        control_of=round(MANY * prospect.control_of / prospect.of),
    )
    return look(line, counts).information * prospect.of / MANY


def reached(
    looks: Sequence[Look],
    *,
    planned: float,
    alpha: float,
    spending: Spending = "obrien-fleming",
    power: float = 1.0,
    last: bool = False,
) -> bool:
    """Whether z has reached its boundary at one of these looks, of so much planned information; `last` as above.

    The stages' looks are the whole state.  A look without information is none.

    >>> stage = look(Line(kind="ratio", by=1.5), Counts(bad=50, of=5000, control_bad=950, control_of=95_000))
    >>> [reached([stage] * k, planned=4 * stage.information, alpha=0.05) for k in (1, 2)]
    [False, True]
    """
    told = [one for one in looks if one.information > 0.0]
    sums = list(accumulate(told, lambda a, b: Look(score=a.score + b.score, information=a.information + b.information)))
    found = [one.score / math.sqrt(one.information) for one in sums]
    if max(found, default=-math.inf) < normal_quantile(1.0 - alpha):
        return False  # no boundary lies below that of a single look: spare the integrals
    bounds = boundaries(
        [one.information / planned for one in sums], alpha=alpha, spending=spending, power=power, last=last
    )
    return any(z >= bound for z, bound in zip(found, bounds, strict=True))


def _steps(fractions: Sequence[float]) -> list[float]:
    """How fine to integrate at each look: what came before and what comes next must both be smooth."""
    spreads = [b - a for a, b in pairwise([0.0, *fractions])]
    if any(spread <= 0.0 for spread in spreads):
        raise ValueError(f"looks need information that rises from one to the next: {tuple(fractions)}")
    return [math.sqrt(min(pair)) / FINE for pair in pairwise([*spreads, math.inf])]


def _quantile(masses: Masses, share: float, *, spread: float, end: float) -> float:
    """The z that paths pass at `end` with this probability, by halves."""
    if share <= LEAST:
        return math.inf
    low, high = -FAR, 2.0 * FAR
    while high - low > 1e-10:
        middle = 0.5 * (low + high)
        low, high = (middle, high) if _beyond(masses, middle * math.sqrt(end), spread) > share else (low, middle)
    return high


def _beyond(masses: Masses, level: float, spread: float) -> float:
    return 0.5 * math.fsum(mass * math.erfc((level - at) / (spread * math.sqrt(2.0))) for at, mass in masses)


def _onward(masses: Masses, times: tuple[float, float], *, upper: float, step: float, drift: float = 0.0) -> Masses:
    """The paths that have not passed `upper`, one look later, as points with masses (Simpson's rule)."""
    before, now = times
    shift, variance = drift * (now - before), now - before
    low = drift * now - FAR * math.sqrt(now)
    high = min(upper * math.sqrt(now), drift * now + FAR * math.sqrt(now))
    pieces = 2 * max(8, math.ceil((high - low) / step / 2.0))
    wide = (high - low) / pieces
    scale = 1.0 / math.sqrt(2.0 * math.pi * variance)
    found: Masses = []
    for k in range(pieces + 1):
        at = low + k * wide
        weight = wide / 3.0 * (1.0 if k in {0, pieces} else 4.0 if k % 2 else 2.0)
        near = math.fsum(mass * math.exp(-((at - shift - past) ** 2) / (2.0 * variance)) for past, mass in masses)
        found.append((at, weight * scale * near))
    return found
