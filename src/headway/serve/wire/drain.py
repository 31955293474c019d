"""How a server takes leave of its clients: it serves on, lets nobody in at last, and answers all that it was asked."""

import asyncio
from collections.abc import Callable, Mapping

from headway.serve.wire.door import Door
from headway.serve.wire.gate import Gate, Peer

__all__ = ["drain"]

_TICK_S = 0.05
_LAST_S = 0.5  # no new connections, what is under way is finished
_OWED_S = 10.0  # beyond its time, for a model that is slow to answer what it was asked


async def drain(gate: Gate, door: Door, *, seconds: float, quiet: float, at_once: Callable[[], bool]) -> None:
    """Serve on for `seconds`, or less when no connection was open for `quiet`; stop early when `at_once` says so."""
    loop = asyncio.get_running_loop()
    begin = busy = loop.time()
    close_at = max(begin + seconds - _LAST_S, begin + seconds / 2)
    idle: Mapping[Peer, float] = {}
    while (now := loop.time()) < close_at and not at_once():
        idle = _part(gate, idle, now, quiet)
        busy = now if gate.open else busy
        if not gate.open and now - busy >= quiet:
            break
        await asyncio.sleep(_TICK_S)
    await door.close()
    # A machine that stood still has not had this last half second, whatever the clock says.
    last = max(begin + seconds, loop.time() + min(_LAST_S, seconds / 2))
    while gate.open and not at_once() and (now := loop.time()) < last + _OWED_S:
        if now >= last and not any(connection.owes for connection in gate.open):
            break
        idle = _part(gate, idle, now, min(quiet, _LAST_S / 2))
        await asyncio.sleep(_TICK_S)


def _part(gate: Gate, before: Mapping[Peer, float], now: float, patience: float) -> Mapping[Peer, float]:
    """Close connections that were idle for too long, by now and already `before`; those that are so the first time.

    Between the two the loop has read what lay in their sockets: a process that stood still for a second would else
    take every client for idle, and reset those whose request it has not read yet.
    """
    idle = {connection: connection.since for connection in gate.open if connection.idle(now) > patience}
    for connection, since in idle.items():
        if before.get(connection) == since:
            connection.close()
    return idle
