"""Answers of two versions to the same requests, compared pair by pair.  Knows no wish: not what is close enough."""

import math
from itertools import starmap

from msgspec import Struct

__all__ = ["APART", "Answer", "Latest", "Pairs", "added", "apart_by", "compared", "taken"]

# Distances between numbers are counted beyond each of these: 0, then 1, 2 and 5 times the powers of ten.
APART = (0.0, *(step * 10.0**power for power in range(-6, 4) for step in (1.0, 2.0, 5.0)))


class Answer(Struct, frozen=True, kw_only=True):
    """What one version answered: the id that both copies of the request carry, milliseconds, labels and numbers."""

    pair: str
    ms: float
    labels: tuple[str | int | float | bool | None, ...] = ()
    numbers: tuple[float, ...] = ()


class Latest(Struct, frozen=True, kw_only=True):
    """The answers behind a number that somebody asked with, and the number to ask with next."""

    number: int
    answers: tuple[Answer, ...] = ()


class Pairs(Struct, frozen=True, kw_only=True):
    """Counts of compared requests.

    `pairs` were answered by both; in `differ` of them a label, or the shape of the answer, is not the same; `apart`
    counts for each of `APART` those that differ or whose numbers lie further apart than that.  `distance` sums up the
    largest distance of each pair that has the same shape; `slower` counts pairs for which the candidate took longer,
    `later_ms` sums up by how much.
    """

    pairs: int = 0
    differ: int = 0
    apart: tuple[int, ...] = tuple(0 for _ in APART)
    distance: float = 0.0
    slower: int = 0
    later_ms: float = 0.0


def compared(stable: Answer, candidate: Answer) -> Pairs:
    """One pair as counts.

    >>> one, two = Answer(pair="a", ms=1.0, numbers=(0.5,)), Answer(pair="a", ms=3.0, numbers=(0.75,))
    >>> found = compared(one, two)
    >>> found.differ, found.distance, found.apart[0], found.apart[-1], found.later_ms
    (0, 0.25, 1, 0, 2.0)
    """
    shaped = len(stable.numbers) == len(candidate.numbers)
    distances = [abs(a - b) for a, b in zip(stable.numbers, candidate.numbers, strict=True)] if shaped else []
    shaped = shaped and all(map(math.isfinite, distances))
    same, distance = shaped and stable.labels == candidate.labels, max(distances, default=0.0) if shaped else 0.0
    return Pairs(
        pairs=1,
        differ=int(not same),
        apart=tuple(int(not same or distance > edge) for edge in APART),
        distance=distance,
        slower=int(candidate.ms > stable.ms),
        later_ms=candidate.ms - stable.ms,
    )


def added(one: Pairs, other: Pairs) -> Pairs:
    """Both together.

    >>> added(Pairs(pairs=1, differ=1), Pairs(pairs=2)).pairs
    3
    """
    return Pairs(
        pairs=one.pairs + other.pairs,
        differ=one.differ + other.differ,
        apart=tuple(starmap(int.__add__, zip(one.apart, other.apart, strict=True))),
        distance=one.distance + other.distance,
        slower=one.slower + other.slower,
        later_ms=one.later_ms + other.later_ms,
    )


def taken(total: Pairs, before: Pairs) -> Pairs:
    """What came since `before`, when both are sums of one observer."""
    return Pairs(
        pairs=total.pairs - before.pairs,
        differ=total.differ - before.differ,
        apart=tuple(starmap(int.__sub__, zip(total.apart, before.apart, strict=True))),
        distance=total.distance - before.distance,
        slower=total.slower - before.slower,
        later_ms=total.later_ms - before.later_ms,
    )


def apart_by(pairs: Pairs, within: float | None) -> int:
    """How many pairs are not the same, where numbers may lie `within` of each other (None: they do not count).

    A limit between two of `APART` is taken for the smaller one, so that no more is called the same than was asked for.

    >>> one = compared(Answer(pair="a", ms=1.0, numbers=(0.5,)), Answer(pair="a", ms=1.0, numbers=(0.53,)))
    >>> [apart_by(one, within) for within in (None, 0.0, 0.01, 0.05)]
    [0, 1, 1, 0]
    """
    if within is None:
        return pairs.differ
    return pairs.apart[max(at for at, edge in enumerate(APART) if edge <= within * (1.0 + 1e-9))]
