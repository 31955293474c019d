"""One arm's share alone, at all times: an exact confidence sequence from totals.  Knows no second arm.

For a version's own error rate, conversion or accuracy, where `wilson` holds at one planned count only.  A mixture of
binomial likelihoods over a beta prior around the supposed share (Robbins, Ann. Math. Stat. 1970; Howard, Ramdas,
Bernoulli 2022, arXiv 1906.09712).  Assumes independent outcomes with one share; where it drifts, compare arms instead.
"""

import math

from headway.stats.intervals import Interval

__all__ = ["log_other_share", "share_interval"]

# The weight of the prior in outcomes: `mixture.rho_for(1000, alpha=0.05)`, the best at 1,000.  By the normal mixture
# an interval is 27 % wider than the best at 100 outcomes, 7 % at 10,000 and 17 % at 100,000.
WEIGHT = 126.0
LEAST = 1e-12


def log_other_share(count: int, of: int, share: float) -> float:
    """The logarithm of the evidence that `count` out of `of` do not come from this share, strictly between 0 and 1.

    An e-process in `of` for "the share is this one".  It grows as the count moves away on either side.

    >>> round(log_other_share(30, 1000, 0.01), 2), log_other_share(10, 1000, 0.01) < 0.0
    (10.44, True)
    """
    if not 0 <= count <= of or not 0.0 < share < 1.0:
        raise ValueError(f"{count} out of {of} and a share of {share} cannot be")
    a, b = WEIGHT * share, WEIGHT * (1.0 - share)
    mixed = _log_beta(a + count, b + of - count) - _log_beta(a, b)
    return mixed - count * math.log(share) - (of - count) * math.log1p(-share)


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def share_interval(count: int, of: int, *, alpha: float = 0.05) -> Interval:
    """The share and its confidence sequence; it ever misses the truth with probability at most alpha.

    The totals are all that is needed; to be continued, keep them.  The point is nan without any outcome.

    >>> found = share_interval(950, 1000)
    >>> (found.point, round(found.low, 4), round(found.high, 4))
    (0.95, 0.9266, 0.9685)
    """
    if not 0 <= count <= of or not 0.0 < alpha < 1.0:
        raise ValueError(f"{count} out of {of} at a level of {alpha} has no interval")
    if not of:
        return Interval(point=math.nan, low=0.0, high=1.0)
    point = count / of
    low, high = _end(count, of, LEAST, alpha), _end(count, of, 1.0 - LEAST, alpha)
    return Interval(point=point, low=0.0 if low is None else low, high=1.0 if high is None else high)


def _end(count: int, of: int, rejected: float, alpha: float) -> float | None:
    """Halve the way between the point and a rejected share; None where that is not rejected."""
    enough = -math.log(alpha)
    if log_other_share(count, of, rejected) < enough:
        return None
    kept = min(1.0 - LEAST, max(LEAST, count / of))
    for _ in range(60):
        middle = 0.5 * (kept + rejected)
        if log_other_share(count, of, middle) < enough:
            kept = middle
        else:
            rejected = middle
    return rejected
