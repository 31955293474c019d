"""How far two sets of counts over the same bins lie apart, and whether by more than chance.  Plain Python on counts.

Counts are mergeable, so both windows may be sums over pods and days; missing values are a bin like any other.
"""

import math
from collections.abc import Sequence

__all__ = ["chi_square_tail", "drift_score", "js_distance", "ks_distance", "psi", "same_distribution"]

# The classical least expected count for the chi-square approximation (Cochran, Biometrics 1954).
LEAST_EXPECTED = 5.0
# What an empty bin counts as in PSI, as half a row: without it one empty bin makes the index infinite.
EMPTY = 0.5


def drift_score(reference: Sequence[int], window: Sequence[int]) -> float:
    """The one number that is shown and limited, from 0 to 1; the last bin of both holds the missing values.

    The greater of the Jensen-Shannon distance of the values and the change of the share that is missing.  Inside the
    distance a bin that was empty weighs by the square root of its share, so that 4.5 % of missing values would already
    pass a limit of 0.15.

    >>> drift_score([50, 50, 0], [40, 40, 20])
    0.2
    """
    missing = abs(_share(reference) - _share(window))
    return max(js_distance(reference[:-1], window[:-1]), missing)


def _share(bins: Sequence[int]) -> float:
    rows = sum(bins)
    return bins[-1] / rows if rows else 0.0


def js_distance(reference: Sequence[int], window: Sequence[int]) -> float:
    """The Jensen-Shannon distance (square root of the divergence, base 2), from 0 to 1, without what chance adds.

    Lin (IEEE Trans. Inf. Theory 1991).  Two samples of one distribution over k bins lie (k-1)(1/n + 1/m)/8 nats apart
    on average; that much is taken off, so that small windows and many levels are no drift by themselves.

    >>> js_distance([100, 0], [0, 100]) > 0.99, js_distance([500, 500], [50, 50])
    (True, 0.0)
    """
    n, m = sum(reference), sum(window)
    if n == 0 or m == 0:
        return 0.0
    divergence, bins = 0.0, 0
    for a, b in zip(reference, window, strict=True):
        p, q = a / n, b / m
        middle = 0.5 * (p + q)
        if middle:
            bins += 1
            divergence += 0.5 * (_plogp(p, middle) + _plogp(q, middle))
    by_chance = (bins - 1) * (1.0 / n + 1.0 / m) / 8.0
    return math.sqrt(min(1.0, max(0.0, divergence - by_chance) / math.log(2.0)))


def _plogp(p: float, middle: float) -> float:
    return p * math.log(p / middle) if p else 0.0


def psi(reference: Sequence[int], window: Sequence[int]) -> float:
    """The population stability index, sum of (q - p) ln(q / p); an empty bin counts as half a row.

    >>> round(psi([50, 50], [70, 30]), 4)
    0.1695
    """
    n, m = sum(reference), sum(window)
    if n == 0 or m == 0:
        return 0.0
    total = 0.0
    for a, b in zip(reference, window, strict=True):
        if a or b:
            p, q = max(a, EMPTY) / n, max(b, EMPTY) / m
            total += (q - p) * math.log(q / p)
    return total


def ks_distance(reference: Sequence[int], window: Sequence[int]) -> float:
    """The largest gap between the two cumulative shares at the bins' edges; bins in order.

    >>> ks_distance([1, 1, 0, 0], [0, 0, 1, 1])
    1.0
    """
    n, m = sum(reference), sum(window)
    if n == 0 or m == 0:
        return 0.0
    gap = most = 0.0
    for a, b in zip(reference, window, strict=True):
        gap += a / n - b / m
        most = max(most, abs(gap))
    return most


def same_distribution(reference: Sequence[int], window: Sequence[int]) -> float:
    """The p-value of the G-test on the 2 x k table, with the sampling error of both sides; rare bins are pooled.

    Wilks (1938); assumes independent rows.  1.0 where fewer than two bins are left.

    >>> same_distribution([500, 500], [50, 50])
    1.0
    """
    n, m = sum(reference), sum(window)
    if n == 0 or m == 0:
        return 1.0
    pairs = _pooled(reference, window)
    if len(pairs) < 2:
        return 1.0
    statistic = 0.0
    for a, b in pairs:
        for seen, size in ((a, n), (b, m)):
            if seen:
                statistic += 2.0 * seen * math.log(seen * (n + m) / (size * (a + b)))
    return chi_square_tail(max(0.0, statistic), len(pairs) - 1)


def _pooled(reference: Sequence[int], window: Sequence[int]) -> list[tuple[int, int]]:
    """The table with bins of which the smaller side expects fewer than five rows put together, rare ones first."""
    n, m = sum(reference), sum(window)
    share = min(n, m) / (n + m)
    pairs = sorted(zip(reference, window, strict=True), key=sum)
    kept: list[tuple[int, int]] = []
    held = (0, 0)
    for a, b in pairs:
        held = (held[0] + a, held[1] + b)
        if sum(held) * share >= LEAST_EXPECTED:
            kept.append(held)
            held = (0, 0)
    if sum(held) and kept:
        kept[-1] = (kept[-1][0] + held[0], kept[-1][1] + held[1])
    return kept


def chi_square_tail(statistic: float, degrees: int) -> float:
    """The chance of a larger chi-square: the upper incomplete gamma function by series or continued fraction.

    Numerical Recipes, 6.2 (Lentz's method); relative error about 1e-12.

    >>> round(chi_square_tail(3.841458820694124, 1), 9)
    0.05
    """
    a, x = degrees / 2.0, statistic / 2.0
    if x <= 0.0:
        return 1.0
    front = math.exp(a * math.log(x) - x - math.lgamma(a))
    if x < a + 1.0:
        term = total = 1.0 / a
        step = a
        while term > total * 1e-16:
            step += 1.0
            term *= x / step
            total += term
        return max(0.0, 1.0 - front * total)
    return front * _lentz(a, x)


def _lentz(a: float, x: float) -> float:
    b = x + 1.0 - a
    c, d = 1e300, 1.0 / b
    fraction = d
    for at in range(1, 10_000):
        part = -at * (at - a)
        b += 2.0
        d = 1.0 / (part * d + b)
        c = b + part / c
        fraction *= c * d
        if abs(c * d - 1.0) < 1e-15:
            break
    return fraction
