"""Flagger's control loop, as its documentation states it (docs/gitbook/usage/how-it-works.md, read 2026-07).

At every interval the canary's metric is compared with its threshold range.  A failed check holds the weight and adds
one to a counter that no success resets; at `threshold` failed checks the canary is rolled back.  It is promoted after
maxWeight/stepWeight checks that passed.
"""

import math

__all__ = ["promotes"]


def promotes(fails: float, threshold: int, steps: int) -> float:
    """The chance of promotion when each check fails with chance `fails`: `steps` passes before `threshold` failures.

    >>> round(promotes(0.5, 1, 1), 9)
    0.5
    """
    return sum(
        math.comb(steps - 1 + failed, failed) * (1.0 - fails) ** steps * fails**failed for failed in range(threshold)
    )
