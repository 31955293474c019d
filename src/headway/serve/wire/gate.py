"""What all connections of a server share, and what becomes of one that keeps its place for nothing."""

from collections.abc import Callable
from typing import Protocol

from headway.serve.options import Limits
from headway.serve.wire.busy_poll import BusyPoll
from headway.serve.wire.exchange import Exchange
from headway.serve.wire.heads import Heads

__all__ = ["Gate", "Peer"]


Refused = Callable[[Exchange, int, str], None]


class Peer(Protocol):
    """A connection, as far as the others are concerned; `since` is when it entered the state that it is in."""

    since: float

    @property
    def owes(self) -> bool:
        """Was it asked something whole that is not answered yet?"""

    @property
    def holds(self) -> bool:
        """Is there a part of a body?"""

    def stalls(self, now: float) -> bool:
        """Does it only keep its place?"""

    def idle(self, now: float) -> float:
        """For how many seconds nothing was asked here."""

    def check(self, now: float) -> None:
        """End it when it is over time."""

    def close(self) -> None:
        """End it after what was written."""

    def abort(self) -> None:
        """End it now."""


class Gate:
    """What all connections share: who answers, the limits, whether the server is draining, which are open.

    `handle` answers a request, `refused` one that is not read to its end, with a status and why; `held` are the bytes
    of bodies that are not whole yet; `heads` are those of requests that came before; `poll` is told of requests and
    answers where the loop is not to sleep at once.
    """

    def __init__(
        self, limits: Limits, handle: Callable[[Exchange], None], refused: Refused, poll: BusyPoll | None = None
    ) -> None:
        self.limits = limits
        self.handle = handle
        self.refused = refused
        self.poll = poll
        self.draining = False
        self.fixed = b""
        self.held = 0
        self.heads = Heads()
        self.open: dict[Peer, None] = {}  # the oldest first

    def crowd(self, now: float) -> int:
        """How many are open beyond the limit, once one that keeps its place for nothing has lost it."""
        beyond = len(self.open) - self.limits.connections
        if beyond > 0 and (found := next((each for each in self.open if each.stalls(now)), None)):
            found.abort()
            beyond -= 1
        return beyond

    def relieve(self, now: float) -> bool:
        """Give up the oldest request that is half sent and does not go on; whether that made room enough."""
        if found := next((each for each in self.open if each.holds and each.stalls(now)), None):
            found.abort()
        return self.held <= self.limits.held_bytes

    def sweep(self, now: float) -> None:
        """Once a second or so: end connections that have been idle, or slow to send, for too long."""
        for connection in list(self.open):
            connection.check(now)
        self.heads.renew()
