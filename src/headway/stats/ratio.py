"""Evidence that requests were not split as intended (sample-ratio mismatch).  Knows no rollout.

A shared tilt of the intended shares (Lindon, Malek, NeurIPS 2022, arXiv 2011.03567; statistics chapter, 2.4): valid
also while the shares change from window to window.  Assumes that each request picks its arm by itself, at random.
"""

import math
from collections.abc import Sequence

from headway.stats.sequential import log_mean_exp

__all__ = ["TILTS", "log_tilts", "mismatch"]

# Odds of the candidate's share against the intended one.
TILTS = (0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 1.01, 1.02, 1.05, 1.1, 1.25, 2.0)


def log_tilts(candidate: int, control: int, share: float) -> tuple[float, ...]:
    """One window's evidence for each tilt, as logarithms; nothing where the candidate was meant to get all or none.

    >>> max(log_tilts(5, 95, 0.05)) < 0.01 < max(log_tilts(0, 400, 0.05))
    True
    """
    if not 0.0 < share < 1.0:
        return tuple(0.0 for _ in TILTS)
    found = []
    for tilt in TILTS:
        tilted = share * tilt / (share * tilt + 1.0 - share)
        found.append(candidate * math.log(tilted / share) + control * math.log((1.0 - tilted) / (1.0 - share)))
    return tuple(found)


def mismatch(logs: Sequence[float]) -> float:
    """The logarithm of the evidence so far that the split is not the intended one; `logs` sum up the windows by tilt.

    >>> mismatch(log_tilts(5, 95, 0.05)) < 0.01 < mismatch(log_tilts(0, 400, 0.05))
    True
    """
    return log_mean_exp(logs) if logs else 0.0
