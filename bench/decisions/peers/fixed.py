"""Tests for one look, used once or again and again, and group-sequential tests for a few looks.

Naive: a one-sided two-sample z test with pooled variance, as a script or a notebook does it.  Group sequential:
Lan-DeMets spending of O'Brien-Fleming type (Jennison and Turnbull 1999, chapter 7), as spotify-confidence offers it;
its bounds are those of `headway.stats`, which agree with that package's.
"""

import numpy as np
from bench.decisions.first import NEVER, Firsts, first
from bench.decisions.traffic import Traffic
from numpy.typing import NDArray
from scipy.stats import norm

from headway.stats.group_sequential import boundaries

__all__ = ["every_window", "group_sequential", "last_window", "one_look", "z_of", "z_so_far"]

Floats = NDArray[np.float64]
LOOKS = 12


def z_of(bad: Floats, of: Floats, control_bad: Floats, control_of: Floats) -> Floats:
    """The z value of two shares with pooled variance; 0 where there is no variance."""
    pooled = (bad + control_bad) / (of + control_of)
    variance = pooled * (1.0 - pooled) * (1.0 / of + 1.0 / control_of)
    found = (bad / of - control_bad / control_of) / np.sqrt(np.where(variance > 0.0, variance, 1.0))
    return np.where(variance > 0.0, found, 0.0)


def z_so_far(seen: Traffic) -> Floats:
    """Runs x windows, everything since the start pooled."""
    return z_of(
        seen.bad.cumsum(axis=1), seen.of.cumsum(), seen.control_bad.cumsum(axis=1), seen.control_of.cumsum()
    )  # fmt: skip


def every_window(z: Floats, alpha: float) -> Firsts:
    """The cumulative test after every window."""
    return first(z > norm.ppf(1.0 - alpha))


def last_window(seen: Traffic, alpha: float) -> Firsts:
    """A fresh test of each window."""
    return first(z_of(seen.bad, seen.of, seen.control_bad, seen.control_of) > norm.ppf(1.0 - alpha))


def one_look(z: Floats, alpha: float) -> Firsts:
    """One test, when everything is over."""
    return np.where(z[:, -1] > norm.ppf(1.0 - alpha), float(z.shape[1]), NEVER)


def group_sequential(z: Floats, alpha: float) -> Firsts:
    """Twelve looks, equally far apart."""
    at = np.arange(1, LOOKS + 1) * z.shape[1] // LOOKS
    found = first(z[:, at - 1] > np.array(boundaries((at / z.shape[1]).tolist(), alpha=alpha)))
    return found * (z.shape[1] // LOOKS)
