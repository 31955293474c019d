"""How evidence of safety is expected to move on, by requests or between windows, until the stages ask for no more."""

import math
from collections.abc import Sequence
from typing import TypeAlias

from msgspec import Struct, structs

from headway.stats.between import Between
from headway.stats.course import Course, Sums, ahead, expected_log, outlook_between, wait_between
from headway.stats.growth import Growth
from headway.stats.planning import outlook
from headway.stats.score import variance_of
from headway.stats.track import Track, safety_of

__all__ = ["Known", "Pace", "foreseen", "known", "passage", "stronger", "weaker"]

# What a window is expected to add, by the way that a guardrail is judged.
Pace: TypeAlias = Growth | Course


class Known(Struct, frozen=True, kw_only=True):
    """Where evidence of safety stands: its logarithm; and the sums behind it, with their rho, between windows."""

    log: float = 0.0
    sums: Sums = Sums()
    rho: float = 0.0


def known(tracks: Sequence[Track]) -> Known:
    """That of the comparison which shows least, as it is the one that counts.

    >>> known(()) == Known()
    True
    """
    least = min(tracks, key=safety_of, default=None)
    if least is None:
        return Known()
    return _of_scores(least.within) if least.within else Known(log=safety_of(least))


def _of_scores(within: Between) -> Known:
    """Of several lines the one whose evidence is the most, for nearly all of their mean is its own.

    The variance is 0 while it is not known.
    """
    found = (
        Sums(
            windows=float(score.windows),
            total=-score.total,
            variance=variance_of(score, robust=True),
            bursts=within.bursts,
        )
        for score in within.scores
    )
    sums = max(found, key=lambda each: expected_log(each, rho=within.rho))
    return Known(log=expected_log(sums, rho=within.rho), sums=sums, rho=within.rho)


def foreseen(evidence: float, pace: Pace, within: float) -> tuple[float, float]:
    """Windows until evidence is enough in half of all cases, and the chance that it is within so many.

    >>> windows, by_then = foreseen(math.log(20), Growth(mean=0.6, variance=1.2), 10.0)
    >>> round(windows, 1), round(by_then, 2)
    (7.2, 0.71)
    """
    return outlook_between(evidence, pace, within) if isinstance(pace, Course) else outlook(evidence, pace, within)


def weaker(paces: Sequence[Pace]) -> Pace:
    """The pace of the comparison that is the last to show something; all are judged in one way."""
    return min(paces, key=_strength)


def stronger(paces: Sequence[Pace]) -> Pace:
    """That of the first to show something; none where nothing is compared."""
    return max(paces, key=_strength, default=Growth(mean=0.0, variance=0.0))


def _strength(pace: Pace) -> float:
    return pace.strength if isinstance(pace, Course) else pace.mean


def passage(stages: Sequence[Sequence[Pace]], stands: Sequence[Known], asked: Sequence[float]) -> tuple[float, float]:
    """Windows until all guardrails have what the last of these stages asks for, and the variance of their number.

    `stages` holds each one's pace in each guardrail's place, `stands` where they stand now, `asked` the evidence that
    each stage asks for.  Stage after stage, each until the slowest has it; meanwhile all gain.  Infinite where one
    never has it, not a number where that is not known.

    >>> steady = Growth(mean=0.5, variance=1.0)
    >>> passage([[steady], [steady]], [Known()], [2.0, 3.0])
    (6.0, 24.0)
    """
    total = spread = 0.0
    for paces, evidence in zip(stages, asked, strict=True):
        waits = [_wait(evidence, stand, pace) for stand, pace in zip(stands, paces, strict=True)]
        if any(math.isnan(wait) for wait, _ in waits):
            return math.nan, math.nan
        wait, variance = max(waits, default=(0.0, 0.0))
        if math.isinf(wait):
            return math.inf, math.inf
        wait = max(1.0, wait)
        total, spread = total + wait, spread + variance
        stands = [_moved(stand, pace, wait) for stand, pace in zip(stands, paces, strict=True)]
    return total, spread


def _wait(evidence: float, stand: Known, pace: Pace) -> tuple[float, float]:
    if isinstance(pace, Course):
        return wait_between(evidence, *_on(pace, stand))
    lacks = evidence - stand.log
    if lacks <= 0.0:
        return 0.0, 0.0
    if pace.mean <= 0.0:
        return math.inf, math.inf
    return lacks / pace.mean, lacks * pace.variance / pace.mean**3


def _moved(stand: Known, pace: Pace, windows: float) -> Known:
    if not isinstance(pace, Course):
        return Known(log=stand.log + windows * pace.mean)
    sums, course = _on(pace, stand)
    return Known(sums=ahead(sums, course, windows), rho=course.rho)


def _on(course: Course, stand: Known) -> tuple[Sums, Course]:
    """A comparison goes on with the rho that it was begun with.

    Windows of which the variance between them is not known yet are taken to be as expected.
    """
    sums = stand.sums if stand.sums.variance else ahead(Sums(), course, stand.sums.windows)
    return sums, structs.replace(course, rho=stand.rho) if stand.rho else course
