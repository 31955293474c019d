"""Means over every outcome of a small window, without chance."""

import itertools
import math
from collections.abc import Callable

from scipy import stats

from headway.stats.sequential import Counts

__all__ = ["expected"]


def expected(log_of: Callable[[Counts], float], n: int, m: int, p: float, q: float) -> float:
    """The mean of an e-value over every outcome of a small window."""
    total = 0.0
    for k, c in itertools.product(range(n + 1), range(m + 1)):
        chance = stats.binom.pmf(k, n, p) * stats.binom.pmf(c, m, q)
        total += chance * math.exp(log_of(Counts(bad=k, of=n, control_bad=c, control_of=m)))
    return total
