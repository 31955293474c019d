"""When a rule spoke, and what that meant: the one currency in which all rules are compared."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["NEVER", "Firsts", "at_most", "deviations", "first", "median_of", "share", "standard_error"]

NEVER = np.inf
# The window (from 1) in which a rule spoke first, one number a run.
Firsts = NDArray[np.float64]


def first(spoke: NDArray[np.bool_]) -> Firsts:
    """Of runs x windows in which the rule would speak, the first window of each run."""
    return np.where(spoke.any(axis=1), spoke.argmax(axis=1) + 1.0, NEVER)


def share(firsts: Firsts) -> float:
    """The share of runs in which it spoke at all."""
    return float(np.isfinite(firsts).mean())


def median_of(firsts: Firsts) -> float:
    """The median window, runs in which it never spoke counted as the longest."""
    return float(np.sort(firsts)[len(firsts) // 2])


def standard_error(alpha: float, runs: int) -> float:
    """Of a share that is alpha in truth."""
    return float((alpha * (1.0 - alpha) / runs) ** 0.5)


def at_most(alpha: float, runs: int) -> float:
    """What a share that is alpha in truth stays below, in percent: three standard errors more."""
    return round(100.0 * (alpha + 3.0 * standard_error(alpha, runs)), 2)


def deviations(firsts: Sequence[Firsts], alpha: float) -> float:
    """By how many standard errors the worst of these shares is above alpha; below 0 when none is."""
    return max((share(each) - alpha) / standard_error(alpha, len(each)) for each in firsts)
