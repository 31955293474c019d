"""Busy polling: after an answer the event loop looks for the next request for a while before it sleeps.

Who waits for as long as a wake-up costs, and sleeps then, pays at most twice what the best would have paid that knew
when the next request comes (Karlin, Li, Manasse and Owicki, Empirical Studies of Competitive Spinning for a
Shared-Memory Multiprocessor, SOSP 1991).
"""

import asyncio
from time import perf_counter  # the loop's own clock may stand still for a millisecond

__all__ = ["BusyPoll"]

_MOST_SKIPPED = 255  # answers between two tries, where trying does not pay


class BusyPoll:
    """Keeps a loop turning for `seconds` after an answer to a request that came alone, until another one comes.

    A try in which nobody came doubles the number of answers that are not followed by one, up to 255, and one in which
    somebody did halves it: so it is tried where it mostly pays, and costs next to nothing elsewhere.  Among many
    clients it is not tried, for requests that are taken one by one make small batches.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        self._loop = loop
        self._seconds = seconds
        self._until = 0.0
        self._turning = False
        self._asked = 0  # since the last answer
        self._skipped = 0  # answers since the last try
        self._skipping = 0  # how many are to be

    def asked(self) -> None:
        """A request came."""
        self._asked += 1

    def answered(self) -> None:
        """An answer was written."""
        alone, self._asked = self._asked == 1, 0
        if not alone or self._turning:
            return
        if self._skipped < self._skipping:
            self._skipped += 1
            return
        self._skipped = 0
        self._turning = True
        self._until = perf_counter() + self._seconds
        self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        """Once round the loop, which does not sleep while something is to be called."""
        if self._asked:
            self._turning, self._skipping = False, self._skipping // 2
        elif perf_counter() < self._until:
            self._loop.call_soon(self._turn)
        else:
            self._turning, self._skipping = False, min(2 * self._skipping + 1, _MOST_SKIPPED)
