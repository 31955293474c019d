"""Heads that were read before: known ones save their reading, and change no answer."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.serve.options import Limits
from headway.serve.wire.connection import KEPT, Connection
from headway.serve.wire.exchange import Exchange
from headway.serve.wire.gate import Gate
from headway.serve.wire.heads import Heads


class Forgetful(Heads):
    """Knows no head, so that each is read."""

    def learn(self, data: bytes, read: Exchange) -> None:
        """Learn nothing."""


class Wire(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""

    def write(self, data: Any) -> None:
        """Keep it."""
        self.written += bytes(data)

    def close(self) -> None:
        """Note the end."""
        self.written += b"<closed>"

    write_eof = abort = close

    def is_closing(self) -> bool:
        """Has it ended?"""
        return self.written.endswith(b"<closed>")

    def get_write_buffer_size(self) -> int:
        """Nothing waits."""
        return 0

    def pause_reading(self) -> None:
        """Not asked here."""

    resume_reading = pause_reading


def told(pieces: Sequence[Sequence[bytes]], heads: Heads) -> list[bytes]:
    """What each connection's client reads, when its pieces come one after the other."""

    async def run() -> list[bytes]:
        def handle(exchange: Exchange) -> None:
            kept = (getattr(exchange, name) or b"-" for name in KEPT.values() if name != "expect")
            exchange.answer(200, b"|".join((exchange.method, exchange.path, exchange.body, *kept)))

        def refused(exchange: Exchange, status: int, why: str) -> None:
            exchange.answer(status, why.encode())

        gate = Gate(Limits(head_bytes=900, body_bytes=200, pipelined=8), handle, refused)
        gate.heads = heads
        found = []
        for each in pieces:
            wire, connection = Wire(), Connection(gate)
            connection.connection_made(wire)
            for piece in each:
                connection.data_received(piece)
            found.append(wire.written)
        return found

    return asyncio.run(run())


def message(start: bytes, headers: Sequence[bytes], body: bytes) -> bytes:
    """A request as it is sent."""
    return b"\r\n".join((start, *headers, b"", body))


STARTS = st.sampled_from([b"POST /a HTTP/1.1", b"GET /b?c HTTP/1.1", b"POST /a HTTP/1.0", b"HEAD /a HTTP/1.1", b"bad"])
# What an exchange keeps of a head, each with a value that it may have.
OWN = [name + b": 2" for name in KEPT if name not in {b"host", b"expect"}]
HEADERS = st.lists(
    st.sampled_from(
        [
            b"Host: here",
            b"Content-Type: application/json",
            b"content-encoding: gzip",
            b"Inference-Header-Content-Length: 2",
            b"traceparent: 00-1",
            b"Connection: close",
            b"Connection: keep-alive",
            b"Transfer-Encoding: chunked",
            b"Content-Length: 3",
            b"Content-Length: 500",
            *OWN,
        ]
    ),
    max_size=4,
)
MESSAGES = st.one_of(
    st.builds(
        lambda kind, body: message(
            b"POST /a HTTP/1.1", [b"Host: here", b"X: " + kind, b"Content-Length: %d" % len(body)], body
        ),
        st.sampled_from([b"1", b"2"]),
        st.sampled_from([b"", b"abc", b"xyz", b"\r\n\r\n", b"a\r\n\r\nb"]),
    ),
    st.builds(message, STARTS, HEADERS, st.sampled_from([b"", b"abc", b"3\r\nabc\r\n0\r\n\r\n"])),
)


@st.composite
def conversations(draw: st.DrawFn) -> list[list[bytes]]:
    """Messages on several connections: whole, in pieces, or several at once."""
    found = []
    for sent in draw(st.lists(st.lists(MESSAGES, min_size=1, max_size=5), min_size=1, max_size=4)):
        if draw(st.booleans()):
            found.append(sent)
            continue
        whole = b"".join(sent)
        cuts = sorted(draw(st.sets(st.integers(0, len(whole)), max_size=4)))
        found.append([whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True) if a < b])
    return found


@given(conversations())
def test_a_head_that_is_known_is_answered_as_one_that_is_read(pieces: list[list[bytes]]) -> None:
    assert told(pieces, Heads()) == told(pieces, Forgetful())


ASKED = message(b"POST /a HTTP/1.1", [b"Host: here", b"Content-Length: 3"], b"abc")


class Counting(Heads):
    """Counts the requests that were not read again."""

    def __init__(self) -> None:
        super().__init__()
        self.saved = 0

    def again(self, data: bytes, line: Any) -> Exchange | None:
        """As ever."""
        found = super().again(data, line)
        self.saved += found is not None
        return found


@pytest.mark.parametrize(
    "header", [name + b": 2" for name in KEPT if name not in {b"host", b"content-length", b"expect"}]
)
def test_whatever_is_kept_of_a_head_is_there_the_second_time(header: bytes) -> None:
    sent = ASKED.replace(b"Host", header + b"\r\nHost")
    assert told([[sent, sent]], Heads()) == told([[sent, sent]], Forgetful())


def test_the_second_request_with_a_head_is_not_read_again_on_whichever_connection() -> None:
    heads = Counting()
    told([[ASKED, ASKED], [ASKED]], heads)
    assert heads.saved == 2


def test_who_has_sent_the_body_is_not_asked_for_it_again() -> None:
    sent = ASKED.replace(b"Host", b"Expect: 100-continue\r\nHost")
    heads = Counting()
    (first, second) = told([[sent], [sent]], heads)
    assert heads.saved == 1
    assert first == b"HTTP/1.1 100 Continue\r\n\r\n" + second
    (waiting,) = told([[sent[:-3]]], heads)
    assert waiting == b"HTTP/1.1 100 Continue\r\n\r\n"


@pytest.mark.parametrize(
    "header", [b"traceparent: 00-1", b"headway-pair: 7", b"headway-nonce: a1", b"Connection: close"]
)
def test_a_head_that_comes_once_or_means_more_than_its_request_is_not_remembered(header: bytes) -> None:
    heads = Counting()
    sent = ASKED.replace(b"Host", header + b"\r\nHost")
    told([[sent], [sent]], heads)
    assert heads.saved == 0


def test_heads_that_differ_each_time_fill_a_bounded_place_and_leave_it_again() -> None:
    heads = Counting()
    told([[ASKED.replace(b"Host", b"X-Request-Id: %d\r\nHost" % number) for number in range(1200)]], heads)
    told([[ASKED, ASKED]], heads)
    assert heads.saved == 0
    heads.renew()
    told([[ASKED, ASKED]], heads)
    assert heads.saved == 1
