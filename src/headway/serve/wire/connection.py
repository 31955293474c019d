"""HTTP/1.1 on one connection: limits, keep-alive, pipelined requests answered in order, a polite end.

It knows nothing of models: a handler gets each request as an Exchange, and answers it now or later.
"""

import asyncio
import socket
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from typing import cast

import httptools

from headway.serve.wire.exchange import Exchange, too_large
from headway.serve.wire.gate import Gate

__all__ = ["KEPT", "Connection"]

# Headers that matter here, and where an Exchange keeps them.
KEPT: Mapping[bytes, str] = {
    b"content-type": "kind",
    b"content-encoding": "encoding",
    b"content-length": "length",
    b"transfer-encoding": "transfer",
    b"host": "host",
    b"inference-header-content-length": "tensors",
    b"expect": "expect",
    b"traceparent": "trace",
    b"headway-pair": "pair",
    b"headway-nonce": "nonce",
}
_PATIENCE_S = 1.0  # with a connection that asks nothing, when others have no place
_SPARE = 32  # connections beyond the limit are told so, as long as descriptors last


class Connection(asyncio.Protocol):
    """One client's connection.  `since` is when it entered the state it is in (loop time)."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self._line: deque[Exchange] = deque()
        self._now: Exchange | None = None
        self._whole: Exchange | None = None
        self._head = 0
        self._reading_head = True
        self._parts: list[bytes] = []
        self._size = 0
        self._held = 0
        self._closing = False
        self._paused = False
        self._full = False
        self._unread = 0
        self.since = self._loop.time()

    # The transport's calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client came."""
        self._transport = cast("asyncio.Transport", transport)
        if sock := transport.get_extra_info("socket"):
            with suppress(OSError):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.gate.open[self] = None
        beyond = self.gate.crowd(self.since)
        if beyond > _SPARE:
            self.abort()
        elif beyond > 0:
            self._refuse(503, "too many connections are open")

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """The client went, or was sent away."""
        self._transport = None
        self._line.clear()
        self._forget()
        self.gate.open.pop(self, None)

    def data_received(self, data: bytes) -> None:
        """Bytes came."""
        if self._closing:
            return
        begins = self._now is None and not self._head
        if begins and (again := self.gate.heads.again(data, self)):
            self.since = self._loop.time()
            self._came(again)
            return
        if self._reading_head:
            self._head += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            pass  # the request itself was answered; on_headers_complete saw to it that nothing follows
        except httptools.HttpParserError as error:
            self._refuse(400, f"not HTTP: {error}")
        if begins and self._whole:
            self.gate.heads.learn(data, self._whole)
        self._whole = None
        if self._size != self._held:
            self._weigh()
        if self._reading_head and self._head > self.gate.limits.head_bytes:
            self._refuse(431, f"the head of a request may have {self.gate.limits.head_bytes} bytes")

    def eof_received(self) -> bool:
        """The client sends no more; it may still read what it asked for."""
        if self._now is not None and not self._closing:
            self._refuse(400, "the request is cut short")
            return True
        self._closing = True
        return bool(self._line)

    def pause_writing(self) -> None:
        """The client reads slowly: take no more requests from it meanwhile."""
        self._full = True
        self._hold()

    def resume_writing(self) -> None:
        """The client caught up."""
        self._full = False
        self._hold()

    # The parser's calls.  They must not raise.

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        if self._closing:
            return
        self._now = Exchange(self)
        self.since = self._loop.time()

    def on_url(self, url: bytes) -> None:
        """The target, or a part of it."""
        if self._now:
            self._now.path += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header."""
        now = self._now
        if now is None:
            return
        known = KEPT.get(name.lower())
        if known:
            if getattr(now, known):
                now.twice = name
            setattr(now, known, value)

    def on_headers_complete(self) -> None:
        """The head is read."""
        now = self._now
        if now is None:
            return
        self._reading_head, self._head = False, 0
        now.method = self._parser.get_method()
        now.keep = self._parser.should_keep_alive() and not self._parser.should_upgrade()
        if self._parser.get_http_version() == "1.0":
            now.speak_old()
        if wrong := now.objection(self.gate.limits):
            self._refuse(*wrong)
        elif now.expect and not self._line:
            self._ask()

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        if self._now is None:
            return
        self._parts.append(body)
        self._size += len(body)
        if self._size > self.gate.limits.body_bytes:
            self._refuse(*too_large(self.gate.limits))

    def on_message_complete(self) -> None:
        """A whole request."""
        now, self._now = self._now, None
        self._reading_head = True
        if now is None or self._closing:
            return
        if self._parts:
            now.body = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
            self._parts, self._size = [], 0
        self._whole = now
        self._came(now)

    # Ours.

    def _came(self, request: Exchange) -> None:
        """Have a whole request answered."""
        self._line.append(request)
        if not request.keep:
            self._closing = True
        if self.gate.poll is not None:
            self.gate.poll.asked()
        self.gate.handle(request)
        if len(self._line) >= self.gate.limits.pipelined:
            self._hold()

    def flush(self) -> None:
        """Write every answer whose turn has come."""
        transport, line = self._transport, self._line
        if transport is None or not line or not line[0].wire:
            return
        if len(line) == 1:
            last = line.popleft()
            transport.write(last.wire)
        else:
            ready = []
            while line and line[0].wire:
                last = line.popleft()
                ready.append(last.wire)
                if not last.keep:
                    break
            transport.write(b"".join(ready))
        self.since = self._loop.time()
        if self.gate.poll is not None:
            self.gate.poll.answered()
        if not last.keep:
            self._end()
        elif self._closing and not line:
            transport.close()
        elif self._paused:
            self._hold()
        if not line and self._now is not None and self._now.expect and not self._reading_head:
            self._ask()

    def is_last(self, exchange: Exchange) -> bool:
        """Is nothing waiting behind it?"""
        return not self._line or self._line[-1] is exchange

    def idle(self, now: float) -> float:
        """For how many seconds nothing was asked here; 0 while something is."""
        return 0.0 if self._busy() else now - self.since

    @property
    def owes(self) -> bool:
        """Was it asked something whole that is not answered yet?"""
        return bool(self._line)

    def check(self, now: float) -> None:
        """End it when it is over time; one whose answer is being computed is not, one that does not read it is."""
        unread = self._transport.get_write_buffer_size() if self._transport else 0
        if unread < self._unread:
            self.since = now
        limits, waited, self._unread = self.gate.limits, now - self.since, unread
        if unread:
            if waited > limits.body_s:
                self.abort()
            return
        if self._line:
            return
        if self._now is None and waited > limits.idle_s:
            self.close()
        elif self._now is not None and waited > (limits.head_s if self._reading_head else limits.body_s):
            self._refuse(408, "the request did not come in time")

    @property
    def holds(self) -> bool:
        """Is there a part of a body?"""
        return self._held > 0

    def stalls(self, now: float) -> bool:
        """Does it only keep its place: nothing asked, or a request begun some time ago and still not whole?"""
        return not self._line and not self._closing and now - self.since > _PATIENCE_S

    def abort(self) -> None:
        """End it now, whatever was written; its place is free at once."""
        self._closing = True
        self._forget()
        self.gate.open.pop(self, None)
        if self._transport:
            self._transport.abort()

    def close(self) -> None:
        """End it now, after what was written."""
        self._closing = True
        if self._transport:
            self._transport.close()

    def _busy(self) -> bool:
        return bool(self._line) or self._now is not None

    def _hold(self) -> None:
        """Read on, or not, by what waits to be answered and written."""
        if self._transport is None or self._transport.is_closing():
            return
        wanted = self._full or len(self._line) >= self.gate.limits.pipelined
        if wanted != self._paused:
            self._paused = wanted
            (self._transport.pause_reading if wanted else self._transport.resume_reading)()

    def _ask(self) -> None:
        """Tell a client that waits for it that its body is welcome; only when all before it is answered."""
        if self._now and self._transport and self._now.expect.lower() == b"100-continue":
            self._now.expect = b""
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _weigh(self) -> None:
        """Tell what is held here of a body that is not whole."""
        self.gate.held += self._size - self._held
        self._held = self._size
        if self._held and self.gate.held > self.gate.limits.held_bytes and not self.gate.relieve(self._loop.time()):
            self._refuse(503, "too many requests are half sent")

    def _forget(self) -> None:
        """The body that was read is not wanted any more."""
        self._parts, self._size = [], 0
        self._weigh()

    def _refuse(self, status: int, message: str) -> None:
        """Answer a request that is not read to its end, and read no other."""
        if self._closing:
            return
        self._closing = True
        exchange = self._now or Exchange(self)
        self._now = None
        self._forget()
        exchange.keep = False
        self._line.append(exchange)
        self.gate.refused(exchange, status, message)

    def _end(self) -> None:
        """Say that no more comes, and let the client read: closing at once could reset what it has not read yet."""
        self._closing = True
        self._line.clear()
        if self._transport is None:
            return
        with suppress(OSError, NotImplementedError):
            self._transport.write_eof()
        self._loop.call_later(self.gate.limits.linger_s, self.close)
