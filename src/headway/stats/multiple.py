"""Many comparisons at once, or one after another: which of them moved, and what a next one may spend.

All by e-values, as logarithms, and valid whatever their dependence.  One test of them all is their mean, weighted or
not (`sequential.log_mean_exp`): it rejects at 1/alpha, as each of them would alone.
"""

import math
from collections.abc import Sequence

from msgspec import Struct

__all__ = ["Budget", "bonferroni", "decided", "discoveries", "next_level"]

# The constant of log(max(k, 2)) / (k exp(sqrt(log k))), so that the sum over all k stays below 1 (0.98; Javanmard,
# Montanari, Ann. Stat. 2018).
LOND = 0.07720838


class Budget(Struct, frozen=True, kw_only=True):
    """How many tests were made so far, and how many of them gave an alarm."""

    tests: int = 0
    alarms: int = 0


def bonferroni(logs: Sequence[float], shares: Sequence[float], *, alpha: float) -> tuple[bool, ...]:
    """Which comparisons reach 1 / (alpha·share): with probability alpha at most is any of them wrong, ever.

    `shares` of alpha sum to 1 at most, chosen before the data; a share of 0 never rejects.  ValueError for others.

    >>> bonferroni([math.log(1100), math.log(120)], [0.1, 0.9], alpha=0.01)
    (True, True)
    >>> bonferroni([math.log(900), math.log(100)], [0.1, 0.9], alpha=0.01)
    (False, False)
    """
    if min(shares, default=0.0) < 0.0 or math.fsum(shares) > 1.0 + 1e-9:
        raise ValueError(f"shares of an error rate are not negative and sum to 1 at most: {tuple(shares)}")
    return tuple(share > 0.0 and log >= -math.log(alpha * share) for log, share in zip(logs, shares, strict=True))


def discoveries(logs: Sequence[float], *, alpha: float) -> tuple[bool, ...]:
    """Which comparisons moved, by e-BH (Wang, Ramdas, JRSS-B 2022): of those named, alpha are wrong on average at most.

    The k largest of M, for the largest k such that the k-th largest is at least M / (k·alpha).  The share of wrong ones
    is bounded at any one moment of looking, as "which metrics moved" beside an abort, not for ever.

    >>> discoveries([math.log(30), math.log(35), math.log(2)], alpha=0.05)
    (True, True, False)
    """
    order = sorted(range(len(logs)), key=lambda at: -logs[at])
    enough = [rank for rank, at in enumerate(order, 1) if logs[at] >= math.log(len(logs) / (rank * alpha))]
    named = set(order[: max(enough, default=0)])
    return tuple(at in named for at in range(len(logs)))


def next_level(budget: Budget, *, alpha: float) -> float:
    """The level of the next test of an endless row of them, by e-LOND (Xu, Ramdas, AISTATS 2024): reject at 1 / level.

    An alarm budget of a team over its releases: of all alarms at most alpha are false on average, whatever the tests
    have to do with each other.  Every alarm raises what the later tests may spend.  Not the gate of one release.

    >>> round(next_level(Budget(), alpha=0.05), 6), round(next_level(Budget(tests=9, alarms=2), alpha=0.05), 6)
    (0.002676, 0.000585)
    """
    k = budget.tests + 1
    return alpha * LOND * math.log(max(k, 2)) / (k * math.exp(math.sqrt(math.log(k)))) * (budget.alarms + 1)


def decided(budget: Budget, log: float, *, alpha: float) -> tuple[Budget, bool]:
    """The budget after one more test with this evidence (a logarithm), and whether it gave an alarm.

    >>> decided(Budget(), math.log(400.0), alpha=0.05)
    (Budget(tests=1, alarms=1), True)
    """
    alarm = log >= -math.log(next_level(budget, alpha=alpha))
    return Budget(tests=budget.tests + 1, alarms=budget.alarms + alarm), alarm
