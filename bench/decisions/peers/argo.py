"""Argo Rollouts' analysis run, as its documentation states it (docs/features/analysis.md, read 2026-08).

A measurement is a point value of the canary in one interval; it fails when the success condition is false.  The run
fails, and the rollout aborts, as soon as more measurements have failed than `failureLimit` (default 0) allows.
"""

import numpy as np
from bench.decisions.first import Firsts, first
from numpy.typing import NDArray

__all__ = ["aborts"]


def aborts(values: NDArray[np.float64], below: float, failure_limit: int) -> Firsts:
    """The measurement that aborts; `values` are runs x measurements, the condition is `result[0] < below`."""
    return first(np.cumsum(values >= below, axis=1) > failure_limit)
