"""Sums over units that are drawn anew, many times over."""

import numpy as np

from headway.stats.arrays.answers import Answers, Floats
from headway.stats.resample import REPLICATES

__all__ = ["replicates"]

# More units than this are drawn in groups of several at once: as valid, and a million rows cost no more.
MOST_UNITS = 20_000


def replicates(rows: Floats, given: Answers, seed: int) -> Floats:
    """Sums over units drawn with replacement, one row a replicate; `rows` has a column a sum.

    >>> from headway.stats.arrays.answers import answers
    >>> replicates(np.ones((2, 1)), answers([1.0, 2.0], [1.0, 3.0]), seed=0)[:3].tolist()
    [[2.0], [2.0], [2.0]]
    """
    source = np.random.default_rng(seed)
    unit, units = given.unit, given.units
    if units > MOST_UNITS:
        unit, units = source.permutation(units)[unit] % MOST_UNITS, MOST_UNITS
    sums = np.column_stack([np.bincount(unit, weights=column, minlength=units) for column in rows.T])
    drawn = np.empty((REPLICATES, rows.shape[1]))
    for at in range(REPLICATES):
        drawn[at] = np.bincount(source.integers(0, units, units), minlength=units) @ sums
    return drawn
