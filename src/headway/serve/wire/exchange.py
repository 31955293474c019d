"""One HTTP request and its answer; it knows its place in line, and nothing of sockets."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Protocol

from headway.serve.options import Limits
from headway.serve.wire.encoding import plain

__all__ = ["JSON", "Exchange", "Line", "Shared", "too_large"]

JSON = b"application/json"
_REASONS = {status.value: status.phrase.encode() for status in HTTPStatus}
_STARTS = {status: b"HTTP/1.1 %d %b\r\nContent-Type: " % (status, reason) for status, reason in _REASONS.items()}
_DIGITS = 15  # of a length; more is no length


class Shared(Protocol):
    """What an answer takes from what all connections share: headers of every answer, limits, is this the end?"""

    draining: bool
    fixed: bytes
    limits: Limits


class Line(Protocol):
    """The connection's requests that are not answered yet, in their order."""

    @property
    def gate(self) -> Shared:
        """What all connections share."""

    def is_last(self, exchange: Exchange) -> bool:
        """Is nothing waiting behind it?"""

    def flush(self) -> None:
        """Write every answer whose turn has come."""


class Exchange:
    """One request, and the place in line of its answer.  `noted` is told of the status, before it is sent.

    `reason` is what a reject counts under, where the status alone would not say.
    """

    method = path = body = kind = encoding = tensors = b""
    wire = b""  # the answer, as it is sent
    length = transfer = expect = twice = trace = pair = nonce = b""
    reason = ""
    host: bytes | None = None
    keep = True
    start = 0.0
    noted: Callable[[Exchange, int], None] | None = None
    _old = False

    def __init__(self, line: Line) -> None:
        self.line = line

    def answer(self, status: int, body: bytes, kind: bytes = JSON, extra: bytes = b"") -> None:
        """Send the answer when those before it are sent; a second one is ignored."""
        if self.wire:
            return
        gate = self.line.gate
        if gate.draining and self.line.is_last(self):
            self.keep = False  # requests that were sent before it, one after the other, are all answered first
        if not self.keep:
            extra += b"Connection: close\r\n"
        elif self._old:
            extra += b"Connection: keep-alive\r\n"
        self.wire = b"%b%b\r\nContent-Length: %d\r\n%b%b\r\n%b" % (
            _STARTS[status], kind, len(body), gate.fixed, extra, b"" if self.method == b"HEAD" else body,
        )  # fmt: skip
        if self.noted:  # first, so that who has an answer finds it counted, whatever becomes of this process
            self.noted(self, status)
        self.line.flush()

    def content(self) -> bytes:
        """The body, its content encoding undone; Fault 400, 413 or 415 when that cannot be."""
        return plain(self.body, self.encoding, self.line.gate.limits.body_bytes) if self.encoding else self.body

    @property
    def repeatable(self) -> bool:
        """Would the same head on another connection, or later on this one, mean the same, and is that worth knowing?

        One with a `traceparent` or the id of a pair does not come twice, and a nonce is kept nowhere.  A client that
        wants to be asked for its body, and has sent it already, need not be asked (RFC 9110, section 10.1.1).
        """
        return self.keep and not (self._old or self.transfer or self.trace or self.twice or self.pair or self.nonce)

    def repeated(self, line: Line, body: bytes) -> Exchange:
        """The same request but for its body, not answered yet."""
        made = Exchange(line)
        made.method, made.path, made.host = self.method, self.path, self.host
        made.kind, made.encoding, made.length, made.tensors = self.kind, self.encoding, self.length, self.tensors
        made.body = body
        return made

    def speak_old(self) -> None:
        """The client speaks HTTP/1.0, and keeps a connection only when it is told that it may."""
        self._old = True

    def objection(self, limits: Limits) -> tuple[int, str] | None:
        """Why its head is refused: status and reason; None when it is not."""
        if self.twice:
            return 400, f"the header {self.twice.decode('latin-1')} is there twice"
        if self.host is None and not self._old:
            return 400, "there is no header Host"
        if self.transfer and self.transfer.lower() != b"chunked":
            return 400, "the only transfer encoding that is spoken is chunked"
        if self.length and (len(self.length) > _DIGITS or int(self.length) > limits.body_bytes):
            return too_large(limits)
        return None


def too_large(limits: Limits) -> tuple[int, str]:
    """Status and reason when a body is."""
    return 413, f"the body may have {limits.body_bytes} bytes"
