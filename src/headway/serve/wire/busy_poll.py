"""Busy polling: after an answer the event loop looks for the next request for a while before it sleeps.

To be woken costs a client that asks one request after the other more than most models do; not to sleep costs a core.
"""

import asyncio

__all__ = ["BusyPoll"]

_MOST_SKIPPED = 1023  # answers between two tries, where trying does not pay


class BusyPoll:
    """Keeps a loop turning for `seconds` after each answer, until a request comes.

    When none came in that time, the next answer is not followed by a try, after another failure the next 3 are not,
    then 7, and so on to 1,023; one that succeeds ends that.  So clients that pause for longer cost next to nothing.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        self._loop = loop
        self._seconds = seconds
        self._until = 0.0
        self._turning = False
        self._asked = False
        self._skipped = 0  # answers that were skipped since the last try
        self._skipping = 0  # how many are to be

    def asked(self) -> None:
        """A request came."""
        self._asked = True
        if self._turning:
            self._skipping = 0

    def answered(self, now: float) -> None:
        """An answer was written; `now` in the loop's seconds."""
        self._asked = False
        self._until = now + self._seconds
        if self._turning:
            return
        if self._skipped < self._skipping:
            self._skipped += 1
            return
        self._skipped = 0
        self._turning = True
        self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        """Once round the loop, which does not sleep while something is to be called."""
        if self._asked:
            self._turning = False
        elif self._loop.time() < self._until:
            self._loop.call_soon(self._turn)
        else:
            self._turning, self._skipping = False, min(2 * self._skipping + 1, _MOST_SKIPPED)
