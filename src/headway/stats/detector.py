"""A watch without an end: evidence that something became worse at some window, nobody knows which.  Knows no threshold.

The e-detector of Shin, Ramdas and Rinaldo (arXiv 2203.03532), of the Shiryaev-Roberts kind: the sum of e-processes
begun at every window.  Its guarantee is not that of a rollout's test.  Without a change an alarm at 1/alpha comes after
1/alpha windows or more on average, and, as the watch never ends, it comes one day: alpha is 1 / the windows between
false alarms that one can live with.  Assumes that each window's e-values have mean at most 1, given those before.
"""

import math
from collections.abc import Sequence

from msgspec import Struct

from headway.stats.sequential import log_mean_exp

__all__ = ["Detector", "alarm_of", "quiet", "watched"]


class Detector(Struct, frozen=True, kw_only=True):
    """For each alternative log(1 + M), with M the sum of the e-processes begun so far: all that is needed to go on."""

    logs: tuple[float, ...]


def quiet(alternatives: int) -> Detector:
    """Nothing watched yet, for so many alternatives (those of `log_harm`: one for each of HARM_LIFTS).

    >>> alarm_of(quiet(2))
    -inf
    """
    return Detector(logs=(0.0,) * alternatives)


def watched(detector: Detector, window: Sequence[float]) -> Detector:
    """One more window, by the logarithms of its e-values, one an alternative: M becomes (1 + M)·e.

    A process begun at this window has this window's e-value; all earlier ones are multiplied by it.

    >>> twice = watched(watched(quiet(1), [math.log(3.0)]), [math.log(2.0)])
    >>> round(math.exp(alarm_of(twice)), 9)  # 3·2 from the first window, 2 from the second
    8.0
    """
    logs = tuple(_log1p_exp(before + e) for before, e in zip(detector.logs, window, strict=True))
    return Detector(logs=logs)


def alarm_of(detector: Detector) -> float:
    """The logarithm of the mean of M over the alternatives: an alarm when it reaches log(1/alpha).

    >>> alarm_of(watched(quiet(2), [0.0, 0.0]))
    0.0
    """
    return log_mean_exp([_log_expm1(log) for log in detector.logs]) if any(detector.logs) else -math.inf


def _log1p_exp(x: float) -> float:
    return x + math.log1p(math.exp(-x)) if x > 0.0 else math.log1p(math.exp(x))


def _log_expm1(x: float) -> float:
    if x <= 0.0:
        return -math.inf
    return x + math.log(-math.expm1(-x))
