"""Heads of requests that were read before: a client on a kept connection sends the same one again and again.

The same bytes at the start of a message read the same, so that reading them once is enough: about a tenth of what a
small request costs.  Where each head is another one, as behind a proxy that numbers requests, nothing is gained.
"""

from headway.serve.wire.exchange import Exchange, Line

__all__ = ["Heads"]

_END = b"\r\n\r\n"
_LONGEST = 1024  # bytes
_MOST = 1024


class Heads:
    """What was read from each head, and the length of the body that it announces."""

    def __init__(self) -> None:
        self._known: dict[bytes, tuple[Exchange, int]] = {}

    def again(self, data: bytes, line: Line) -> Exchange | None:
        """The request that `data` is, from its first byte to its last; None where only reading it can tell."""
        at = data.find(_END, 0, _LONGEST) + len(_END)
        known = self._known.get(data[:at])
        if known is None or len(data) - at != known[1]:
            return None
        return known[0].repeated(line, data[at:])

    def learn(self, data: bytes, read: Exchange) -> None:
        """Remember the head of a request that was read from `data`, if that is the whole of it and nothing more."""
        at = data.find(_END, 0, _LONGEST) + len(_END)
        size = len(read.body)
        if len(self._known) < _MOST and at >= len(_END) and len(data) - at == size and read.repeatable:
            self._known[data[:at]] = (read.repeated(read.line, b""), size)

    def renew(self) -> None:
        """Once a second or so: make room where there is none, for the heads that come now."""
        if len(self._known) >= _MOST:
            self._known.clear()
