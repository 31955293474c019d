"""Always-valid tests of large samples: mSPRT, Statsig's formula, asymptotic confidence sequences.

All pool everything since the start, and see a difference of two means with its estimated variance.
"""

import math

import numpy as np
from bench.decisions.first import Firsts, first
from bench.decisions.traffic import Traffic
from numpy.typing import NDArray
from scipy.stats import norm

__all__ = ["Pooled", "asymptotic", "growthbook", "msprt", "pooled", "statsig"]

Floats = NDArray[np.float64]
# Difference, its variance, and requests of both arms so far: runs x windows.
Pooled = tuple[Floats, Floats, Floats]


def pooled(seen: Traffic) -> Pooled:
    """Shares of everything since the start; each arm's variance is its own, no less than half an error allows."""
    of, control_of = seen.of.cumsum(), seen.control_of.cumsum()
    rates = [seen.bad.cumsum(axis=1) / of, seen.control_bad.cumsum(axis=1) / control_of]
    together = (seen.bad.cumsum(axis=1) + seen.control_bad.cumsum(axis=1) + 0.5) / (of + control_of)
    variances = [np.where(rate > 0.0, rate, together) * (1.0 - rate) for rate in rates]
    return rates[0] - rates[1], variances[0] / of + variances[1] / control_of, np.broadcast_to(
        of + control_of, rates[0].shape
    )  # fmt: skip


def msprt(seen: Pooled, alpha: float, tau: float) -> tuple[Firsts, Firsts]:
    """Johari, Koomen, Pekelis and Walsh (Operations Research 2022): harm, and either side.

    `tau` is the standard deviation of the effects expected, fixed in advance.
    """
    d, v, _ = seen
    log = 0.5 * np.log(v / (v + tau**2)) + tau**2 * d**2 / (2.0 * v * (v + tau**2))
    beyond = log >= math.log(1.0 / alpha)
    return first(beyond & (d > 0.0)), first(beyond)


def statsig(seen: Pooled, alpha: float, split: float) -> tuple[Firsts, Firsts]:
    """Statsig's documented formula (docs, sequential testing, read 2026-05): harm, and either side.

    z* = sqrt((V + tau)/tau (-2 ln(alpha/2) - ln(V/(V + tau)))) with tau = z^2 (var_T + var_C)/(N_T + N_C); with the
    current sample in both, the ratio V/tau is a constant of the split and of z.
    """
    d, v, _ = seen
    tau_over_v = float(norm.ppf(1.0 - alpha / 2.0)) ** 2 * 2.0 * split * (1.0 - split)
    bound = math.sqrt((1.0 + tau_over_v) / tau_over_v * (-2.0 * math.log(alpha / 2.0) + math.log1p(tau_over_v)))
    beyond = np.abs(d) > bound * np.sqrt(v)
    return first(beyond & (d > 0.0)), first(beyond)


def growthbook(seen: Pooled, alpha: float, tuned: float = 5000.0) -> tuple[Firsts, Firsts]:
    """GrowthBook's sequential option (docs, sequential testing; N* = 5000): harm, and either side.

    Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (2103.06476), equation 9; n counts both arms.
    """
    d, v, n = seen
    rho2 = (-2.0 * math.log(alpha) + math.log(-2.0 * math.log(alpha) + 1.0)) / tuned
    half = np.sqrt(v * 2.0 * (n * rho2 + 1.0) / (n * rho2) * np.log(np.sqrt(n * rho2 + 1.0) / alpha))
    return first(d > half), first(np.abs(d) > half)


def asymptotic(seen: Pooled, alpha: float, planned: float) -> Firsts:
    """The one-sided form of the same sequence, tuned to a share of the information that the last window is to bring."""
    d, v, _ = seen
    information = 1.0 / v
    score = d * information
    plan = planned * float(np.median(information[:, -1]))
    rho = plan / (-2.0 * math.log(2.0 * alpha) + math.log(1.0 - 2.0 * math.log(2.0 * alpha)))
    log = math.log(2.0) + 0.5 * np.log(rho / (information + rho)) + score**2 / (2.0 * (information + rho))
    return first(log + norm.logcdf(score / np.sqrt(information + rho)) >= math.log(1.0 / alpha))
