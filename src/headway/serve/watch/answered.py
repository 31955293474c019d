"""The latest answers to requests that were copied, for whoever compares them with those of another version.

Bounded, in memory, and kept only for requests that the router marked: outputs and times, no inputs.
"""

import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

from headway.evidence.pairs import Answer, Latest
from headway.serve.batching.answers import Answers
from headway.serve.fault import Fault

__all__ = ["Answered"]

MOST = 8192
# Of a request with many rows the first are compared: a pair is a request, and one row that differs makes it differ.
_ROWS = 8
_LONGEST = 64
# Whoever compares asks every few seconds; what nobody fetched is not kept for long.
_KEPT_S = 60.0

Done = Callable[[Answers | Fault, int, int], None]


class Answered:
    """Answers in their order, each with a number that rises by one."""

    def __init__(self, most: int = MOST) -> None:
        self._latest: deque[tuple[float, Answer]] = deque(maxlen=most)
        self._count = 0

    def follow(self, pair: bytes, done: Done) -> Done:
        """The same call, which also notes the answer under the id of its pair; a refused request is noted nowhere."""
        return partial(self._done, pair.decode("latin-1"), time.perf_counter(), done)

    def after(self, number: int) -> Latest:
        """The answers behind that number, and the number to ask with next time."""
        oldest = time.monotonic() - _KEPT_S
        while self._latest and self._latest[0][0] < oldest:
            self._latest.popleft()
        wanted = min(len(self._latest), max(0, self._count - number))
        latest = [answer for _, answer in self._latest]
        return Latest(number=self._count, answers=tuple(latest[len(latest) - wanted :]))

    def _done(self, pair: str, start: float, done: Done, result: Answers | Fault, first: int, stop: int) -> None:
        done(result, first, stop)
        if not isinstance(result, Fault) and 0 < len(pair) <= _LONGEST:
            took_ms = 1000.0 * (time.perf_counter() - start)
            labels, numbers = _parted(result, first, min(stop, first + _ROWS))
            self._count += 1
            self._latest.append((time.monotonic(), Answer(pair=pair, ms=took_ms, labels=labels, numbers=numbers)))


def _parted(answers: Answers, start: int, stop: int) -> tuple[tuple[Any, ...], tuple[float, ...]]:
    """Labels, and numbers: what can only be the same or not, and what has a distance."""
    labels: list[Any] = []
    numbers: list[float] = []
    for name in answers.width:
        (labels if name not in answers.scores else numbers).extend(answers.part(name, start, stop))
    return tuple(labels), tuple(numbers)
