"""Robbins' normal mixture: evidence and intervals from a sum and its variance, valid at all times.  Knows no window.

Howard, Ramdas, McAuliffe, Sekhon (Ann. Stat. 2021, arXiv 1810.08240).  Exact for a sum of normal (or sub-Gaussian)
terms of known variance; for anything else a large-sample statement (Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas, Ann.
Stat. 2024, arXiv 2103.06476).
"""

import math

from headway.stats.intervals import Interval

__all__ = ["half_width", "log_above", "log_msprt", "mean_sequence", "rho_for", "total_at"]


def rho_for(planned: float, *, alpha: float, sides: int = 2) -> float:
    """The rho at which evidence is the strongest when the variance of the sum has reached `planned`.

    Take 10 to 25 % of the whole that is planned: a fast abort matters more than a late one.  ValueError for a level
    that leaves nothing to tune (alpha times 2 at or above 1 for one side).

    >>> round(rho_for(100.0, alpha=0.05), 4)
    12.6006
    """
    level = alpha if sides == 2 else 2.0 * alpha
    if not 0.0 < level < 1.0 or not planned > 0.0:
        raise ValueError(f"rho needs a level in (0, 1) and a variance above 0, not {level} and {planned}")
    return planned / (-2.0 * math.log(level) + math.log(1.0 - 2.0 * math.log(level)))


def log_above(total: float, variance: float, *, rho: float) -> float:
    """The logarithm of the evidence that the terms of `total` have a mean above zero; `variance` is that of the total.

    A mixture over a half normal of variance 1/rho.  Without variance nothing has been seen, and it is 0.

    >>> round(log_above(30.0, 100.0, rho=13.0), 4), log_above(0.0, 0.0, rho=13.0)
    (3.5918, 0.0)
    """
    if variance <= 0.0:
        return 0.0
    wide = variance + rho
    return math.log(2.0) + 0.5 * math.log(rho / wide) + _half_square_and_log_cdf(total / math.sqrt(wide))


def _half_square_and_log_cdf(z: float) -> float:
    """z^2/2 + log Phi(z), which stays small where both grow."""
    if z > -20.0:
        return 0.5 * z * z + math.log(0.5 * math.erfc(-z / math.sqrt(2.0)))
    square = z * z
    return -math.log(-z) - 0.5 * math.log(2.0 * math.pi) + math.log1p(-1.0 / square + 3.0 / square**2)


def total_at(evidence: float, variance: float, *, rho: float) -> tuple[float, float]:
    """The total at which `log_above` is `evidence` (above 0) at this variance, and how much it rises with variance.

    >>> total, rise = total_at(3.0, 100.0, rho=13.0)
    >>> round(total, 3), round(log_above(total, 100.0, rho=13.0), 9), round(rise, 4)
    (27.69, 3.0, 0.1405)
    """
    wide = variance + rho
    wanted = evidence - math.log(2.0) + 0.5 * math.log(wide / rho)
    # z^2/2 + log Phi(z) is convex and rises, so Newton's steps from beyond its root come down to it.
    z = math.sqrt(2.0 * max(0.0, wanted + math.log(2.0)))
    for _ in range(50):
        step = (_half_square_and_log_cdf(z) - wanted) / _rise(z)
        z -= step
        if abs(step) < 1e-12 * max(1.0, z):
            break
    return z * math.sqrt(wide), (1.0 / _rise(z) + z) / (2.0 * math.sqrt(wide))


def _rise(z: float) -> float:
    """The derivative of z^2/2 + log Phi(z)."""
    density = math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
    return z + density / (0.5 * math.erfc(-z / math.sqrt(2.0)))


def half_width(variance: float, *, rho: float, alpha: float) -> float:
    """How far a sum of mean zero ever gets with probability at most alpha, either way, when its variance is this.

    >>> round(half_width(100.0, rho=13.0, alpha=0.05), 4)
    30.3544
    """
    wide = variance + rho
    return math.sqrt(wide * math.log(wide / (rho * alpha * alpha)))


def mean_sequence(count: int, mean: float, deviation: float, *, rho: float, alpha: float = 0.05) -> Interval:
    """The asymptotic confidence sequence of one mean from `count` values with this standard deviation.

    mean +- s·sqrt(2(n·rho^2 + 1)/(n^2·rho^2)·log(sqrt(n·rho^2 + 1)/alpha)) (Waudby-Smith et al. 2024, two-sided); here
    rho is theirs: sqrt(1 / rho_for(n*)) is the best at n* values.  Assumes independent values and a burn-in.

    >>> found = mean_sequence(1000, 2.0, 1.0, rho=0.1)
    >>> (round(found.low, 4), round(found.high, 4))
    (1.9039, 2.0961)
    """
    if count < 1:
        raise ValueError("a mean of no values has no interval")
    spread = count * rho * rho
    half = deviation * math.sqrt(
        2.0 * (spread + 1.0) / (count * spread) * (0.5 * math.log(spread + 1.0) - math.log(alpha))
    )
    return Interval(point=mean, low=mean - half, high=mean + half)


def log_msprt(difference: float, variance: float, *, tau: float) -> float:
    """The mixture SPRT of experiment platforms, as a logarithm, for comparison with them; two-sided.

    sqrt(V/(V + tau^2))·exp(tau^2·D^2/(2V(V + tau^2))), V the variance of the difference D of means, tau fixed before
    the start (Johari, Koomen, Pekelis, Walsh, Oper. Res. 2022, arXiv 1512.04922).  Never on totals over a ramp: a drift
    of both arms rejects every time.

    >>> round(log_msprt(0.3, 0.01, tau=0.1), 4)
    1.9034
    """
    if variance <= 0.0:
        return 0.0
    wide = variance + tau * tau
    return 0.5 * math.log(variance / wide) + tau * tau * difference * difference / (2.0 * variance * wide)
