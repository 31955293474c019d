"""What a sequential comparison can see at given traffic, how soon and with which chance.  Approximate.

The logarithm of evidence is nearly a random walk with drift, so the time to a threshold is nearly that of Brownian
motion (Siegmund, *Sequential Analysis*, 1985: first passage by the inverse Gaussian law, looks at windows by his
correction of the threshold).  Assumes independent requests, steady rates and traffic, and a control whose rate is
known; `tests/stats/test_planning.py` holds it against simulation.
"""

import math
from collections.abc import Callable, Sequence

from msgspec import Struct, structs

from headway.stats.growth import Growth, Prospect, harm_growth
from headway.stats.sequential import Line

__all__ = ["HARM_COST", "SAFE_COST", "Sight", "chance", "outlook", "sights", "soonest", "usual_windows", "windows_for"]

# What a mixture pays for not knowing its alternative, as a logarithm: of 13 for harm (statistics chapter, 2.10:
# predicts 6.9 min where 7 were measured), of 4 close ones for safety (by simulation).
HARM_COST = 1.5
SAFE_COST = 0.3
# Siegmund's correction: a walk looked at in steps passes a threshold as its Brownian motion one this much higher does,
# in standard deviations of a step (-zeta(1/2)/sqrt(2 pi)).
STEP = 0.5826


class Sight(Struct, frozen=True, kw_only=True):
    """A candidate that is `times` as bad as its control: windows until half of such are found, and the chance in time.

    `windows` is infinite where it is never found.
    """

    times: float
    windows: float
    chance: float


def chance(evidence: float, total: Growth, step: Growth, *, cost: float = HARM_COST) -> float:
    """The chance that evidence has ever reached a threshold by the end of windows that bring `total` together.

    `evidence` is the threshold's logarithm, such as log(1/alpha); add log(1/0.4) for the first stage's part in the
    mixture of a rollout of several stages (`track`).  `step` is one window's growth.  Approximate: Brownian motion
    whose mean and variance keep their proportion.

    >>> window = Growth(mean=0.6, variance=1.2)
    >>> ten = Growth(mean=6.0, variance=12.0)
    >>> round(chance(math.log(20), ten, window), 2)
    0.71
    """
    if total.variance <= 0.0:
        return float(total.mean >= evidence + cost and total.mean > 0.0)
    level = evidence + cost + STEP * math.sqrt(step.variance)
    spread = math.sqrt(total.variance)
    there = _normal((total.mean - level) / spread)
    # exp(…)·tail in logarithms: the exponent alone may overflow where the tail is nothing.
    turned, exponent = _normal(-(total.mean + level) / spread), 2.0 * total.mean * level / total.variance
    back = math.exp(exponent + math.log(turned)) if turned > 0.0 else 0.0
    return min(1.0, there + back)


def windows_for(share: float, evidence: float, step: Growth, *, cost: float = HARM_COST, most: float = 1e9) -> float:
    """Windows until the chance of having reached the threshold is `share` (0.5: the median); infinite beyond `most`.

    ValueError for a share that is not between 0 and 1.

    >>> window = Growth(mean=0.6, variance=1.2)
    >>> round(windows_for(0.5, math.log(20), window), 1), round(windows_for(0.9, math.log(20), window), 1)
    (7.2, 15.4)
    """
    if not 0.0 < share < 1.0:
        raise ValueError(f"a chance to plan for lies between 0 and 1, not {share}")

    def reached(windows: float) -> bool:
        total = Growth(mean=windows * step.mean, variance=windows * step.variance)
        return chance(evidence, total, step, cost=cost) >= share

    return soonest(reached, most=most) if step.mean > 0.0 else math.inf


def soonest(reached: Callable[[float], bool], *, least: float = 1.0, most: float = 1e9) -> float:
    """The fewest windows, of `least` and more, at which something is reached and stays so; infinite beyond `most`.

    Nothing is decided before the first window ends.

    >>> round(soonest(lambda windows: windows >= 12.0), 6)
    12.0
    """
    if not reached(most):
        return math.inf
    low, high = least, most
    while high / low > 1.0 + 1e-9:
        middle = math.sqrt(low * high)
        low, high = (low, middle) if reached(middle) else (middle, high)
    return low


def usual_windows(evidence: float, step: Growth, *, cost: float = HARM_COST) -> float:
    """Windows until the threshold is reached on average: (evidence + cost) / growth; infinite without growth.

    >>> usual_windows(4.5, Growth(mean=0.6, variance=1.2))
    10.0
    """
    return (evidence + cost) / step.mean if step.mean > 0.0 else math.inf


def outlook(evidence: float, step: Growth, within: float) -> tuple[float, float]:
    """Windows until the threshold is reached in half of all cases, and the chance that it is within so many.

    >>> windows, by_then = outlook(math.log(20), Growth(mean=0.6, variance=1.2), 10.0)
    >>> round(windows, 1), round(by_then, 2)
    (7.2, 0.71)
    """
    total = Growth(mean=within * step.mean, variance=within * step.variance)
    return windows_for(0.5, evidence, step), chance(evidence, total, step) if step.mean > 0.0 else 0.0


def sights(
    lines: Sequence[Line],
    alike: Prospect,
    *,
    evidence: float,
    within: float,
    times: Sequence[float] = (1.1, 1.25, 1.5, 2.0, 3.0),
) -> tuple[Sight, ...]:
    """What a guardrail against `lines` sees within so many windows, at the traffic of `alike` (equal arms).

    >>> alike = Prospect(rate=0.01, control=0.01, of=600, control_of=11_400)
    >>> found = sights([Line(kind="ratio", by=1.0)], alike, evidence=math.log(20), within=60, times=(1.1, 2.0))
    >>> [(one.times, round(one.windows), round(one.chance, 2)) for one in found]
    [(1.1, 137, 0.08), (2.0, 2, 1.0)]
    """
    found = []
    for one in times:
        step = harm_growth(lines, structs.replace(alike, rate=min(1.0, one * alike.rate)))
        windows, by_then = outlook(evidence, step, within)
        found.append(Sight(times=one, windows=windows, chance=by_then))
    return tuple(found)


def _normal(z: float) -> float:
    return 0.5 * math.erfc(-z / math.sqrt(2.0))
