"""Kayenta's judge for one metric: MannWhitneyClassifier of kayenta-judge with the judge's fixed 98 % and 0.25.

A metric that should not rise is `High`, which fails a critical metric, when the lower limit of the 98 % interval for
the shift between canary and baseline exceeds 0.25 times the Hodges-Lehmann estimate of it.  The interval is that of R's
`wilcox.test`: normal approximation, corrected for continuity and ties.  The baseline has the canary's size.
"""

import numpy as np
from bench.decisions.first import NEVER, Firsts
from numpy.typing import NDArray
from scipy.stats import norm, rankdata

__all__ = ["judges"]

CONFIDENCE, TOLERANCE = 0.98, 0.25
MORE = 1e-9  # breaks ties of values that are equal: a limit at the bound is not above it
Values = NDArray[np.float64]


def judges(canary: Values, baseline: Values, every: int = 10) -> Firsts:
    """The window of the first judgement that fails; both are runs x windows, all windows so far are looked at."""
    found = np.full(len(canary), NEVER)
    for until in range(every, canary.shape[1] + 1, every):
        high = _high(canary[:, :until], baseline[:, :until])
        found = np.where(np.isinf(found) & high, float(until), found)
    return found


def _high(canary: Values, baseline: Values) -> NDArray[np.bool_]:
    """Is the lower limit above the bound: is the shift still significant when a little more than that is taken off?"""
    shifts = np.concatenate([_shift(*part) for part in zip(_parts(canary), _parts(baseline), strict=True)])
    x = canary - TOLERANCE * np.abs(shifts)[:, None] - MORE
    n, m = canary.shape[1], baseline.shape[1]
    ranks = rankdata(np.concatenate([x, baseline], axis=1), axis=1)
    over = ranks[:, :n].sum(axis=1) - n * (n + 1) / 2.0 - n * m / 2.0
    ties = _ties(ranks)
    sigma = np.sqrt(n * m / 12.0 * ((n + m + 1) - ties / ((n + m) * (n + m - 1))))
    with np.errstate(divide="ignore", invalid="ignore"):
        z = (over - 0.5 * np.sign(over)) / sigma
    return z > norm.ppf(1.0 - (1.0 - CONFIDENCE) / 2.0)


def _parts(values: Values) -> list[Values]:
    return np.array_split(values, max(1, len(values) // 250))


def _shift(canary: Values, baseline: Values) -> Values:
    """Hodges and Lehmann: the median of all differences."""
    return np.median((canary[:, :, None] - baseline[:, None, :]).reshape(len(canary), -1), axis=1)


def _ties(ranks: Values) -> Values:
    """Sum of t^3 - t over groups of equal ranks: t^2 - 1 for each member, t being how many share its rank."""
    order = np.sort(ranks, axis=1)
    sizes = np.stack([np.searchsorted(row, row, "right") - np.searchsorted(row, row, "left") for row in order])
    return (sizes.astype(float) ** 2 - 1.0).sum(axis=1)
