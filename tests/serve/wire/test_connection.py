"""HTTP on a connection: order, limits, time-outs, manners.  The handler is a few lines; the sockets are real."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable

import msgspec
import pytest

from headway.serve.options import Limits
from headway.serve.wire.connection import Connection
from headway.serve.wire.exchange import Exchange
from headway.serve.wire.gate import Gate

LIMITS = Limits(head_bytes=2000, body_bytes=5000, pipelined=4, linger_s=0.05)

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter, Gate], Awaitable[None]]


def talk(conversation: Talk, limits: Limits = LIMITS) -> list[Exchange]:
    """Hold a conversation with a server that answers with path and body; `/later…` it leaves to the test."""
    kept: list[Exchange] = []

    def handle(exchange: Exchange) -> None:
        if exchange.path.startswith(b"/later"):
            kept.append(exchange)
        else:
            exchange.answer(200, exchange.path + exchange.body)

    def refused(exchange: Exchange, status: int, why: str) -> None:
        exchange.answer(status, msgspec.json.encode({"error": why}))

    async def run() -> None:
        gate = Gate(limits, handle, refused)
        listener = await asyncio.get_running_loop().create_server(lambda: Connection(gate), "127.0.0.1", 0)
        port = listener.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            async with asyncio.timeout(10):
                gate.kept = kept  # type: ignore[attr-defined]
                await conversation(reader, writer, gate)
        finally:
            writer.close()
            listener.close()
            for connection in list(gate.open):
                connection.close()
            await asyncio.sleep(0.1)

    asyncio.run(run())
    return kept


async def until(reached: Callable[[], bool]) -> None:
    """Let the loop turn until something is so."""
    while not reached():  # noqa: ASYNC110 - the server under test offers no event to wait for
        await asyncio.sleep(0)


async def answer(reader: asyncio.StreamReader) -> tuple[int, str, bytes]:
    """Status, head, body of the next answer."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    length = int(head.lower().split("content-length: ")[1].split("\r\n")[0])
    return int(head.split()[1]), head, await reader.readexactly(length)


def test_pipelined_requests_are_answered_in_order_whichever_is_done_first() -> None:
    async def conversation(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, gate: Gate) -> None:
        for path in ("/later-a", "/b", "/later-c"):
            writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        kept: list[Exchange] = gate.kept  # type: ignore[attr-defined]
        await until(lambda: len(kept) == 2)
        kept[1].answer(200, b"c")
        kept[0].answer(200, b"a")
        assert [(await answer(reader))[2] for _ in range(3)] == [b"a", b"/b", b"c"]

    talk(conversation)


def test_more_pipelined_requests_than_may_wait_are_all_answered_in_the_end() -> None:
    async def conversation(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, gate: Gate) -> None:
        kept: list[Exchange] = gate.kept  # type: ignore[attr-defined]
        for number in range(30):
            writer.write(f"GET /later/{number} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            await writer.drain()
            await asyncio.sleep(0.001)
        assert len(kept) < 30  # the rest is held back where it belongs: with the client
        for number in range(30):
            await until(lambda number=number: len(kept) > number)
            kept[number].answer(200, b"%d" % number)
        assert [(await answer(reader))[2] for _ in range(30)] == [b"%d" % number for number in range(30)]

    talk(conversation)


@pytest.mark.parametrize("piece", [1, 3, 1000])
def test_requests_may_come_in_pieces_of_any_size(piece: int) -> None:
    sent = b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nxyz" * 2

    async def conversation(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: Gate) -> None:
        for start in range(0, len(sent), piece):
            writer.write(sent[start : start + piece])
            await writer.drain()
            await asyncio.sleep(0)
        assert [(await answer(reader))[2] for _ in range(2)] == [b"/axyz"] * 2

    talk(conversation)


def test_a_chunked_body_is_read_whole() -> None:
    async def conversation(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: Gate) -> None:
        writer.write(b"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nxy\r\n1\r\nz\r\n0\r\n\r\n")
        assert (await answer(reader))[2] == b"/axyz"

    talk(conversation)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: abc\r\n\r\n", 400),
        (b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 6000\r\n\r\n", 413),
        (b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n", 400),
        (b"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1770\r\n" + b"x" * 6000, 413),
        (b"GET /a HTTP/1.1\r\nX: " + b"x" * 3000, 431),
        (b"GET /a HTTP/1.1\r\n\r\n", 400),
        (b"GET /a HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400),
        (b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nxyz", 400),
        (b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Type: a/b\r\nContent-Type: c/d\r\n\r\n", 400),
        (b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\ncontent-encoding: gzip\r\n\r\n", 400),
        (b"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 400),
        (b"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 400),
        (b"POST /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 6000\r\n\r\n", 413),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    ],
)
def test_what_is_over_a_limit_or_not_http_is_refused_and_the_connection_ends(sent: bytes, status: int) -> None:
    async def conversation(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, gate: Gate) -> None:
        writer.write(sent)
        found, head, body = await answer(reader)
        assert found == status
        assert "Connection: close" in head
        assert "error" in msgspec.json.decode(body)
        assert await reader.read() == b""
        await until(lambda: not gate.open)

    talk(conversation)


def test_a_client_that_waits_to_be_asked_for_its_body_is_asked() -> None:
    async def conversation(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: Gate) -> None:
        writer.write(b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n")
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"z")
        assert (await answer(reader))[2] == b"/az"

    talk(conversation)


def test_an_old_client_is_told_that_the_connection_is_kept_or_finds_it_closed() -> None:
    async def conversation(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: Gate) -> None:
        writer.write(b"GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        assert "Connection: keep-alive" in (await answer(reader))[1]
        writer.write(b"GET /a HTTP/1.0\r\n\r\n")
        assert "Connection: close" in (await answer(reader))[1]
        assert await reader.read() == b""

    talk(conversation)


def test_an_offer_to_change_the_protocol_is_answered_in_http_1() -> None:
    async def conversation(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: Gate) -> None:
        writer.write(
            b"POST /a HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
            b"HTTP2-Settings: AAMAAABkAAQAAP__\r\nContent-Length: 1\r\n\r\nz"
        )
        assert (await answer(reader))[0] == 200

    talk(conversation)


def test_a_client_that_sends_its_head_or_body_too_slowly_gets_408() -> None:
    for begun in (b"GET /a HTTP/1.1\r\nX:", b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx"):

        async def conversation(
            reader: asyncio.StreamReader, writer: asyncio.StreamWriter, gate: Gate, begun: bytes = begun
        ) -> None:
            writer.write(begun)
            await until(lambda: any(connection.idle(1e9) == 0.0 for connection in gate.open))
            gate.sweep(asyncio.get_running_loop().time() + 5)
            gate.sweep(asyncio.get_running_loop().time() + 60)
            assert (await answer(reader))[0] == 408

        talk(conversation)


def test_an_idle_connection_is_closed_and_one_that_waits_for_its_answer_is_not() -> None:
    async def conversation(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, gate: Gate) -> None:
        kept: list[Exchange] = gate.kept  # type: ignore[attr-defined]
        writer.write(b"GET /later HTTP/1.1\r\nHost: x\r\n\r\n")
        await until(lambda: bool(kept))
        gate.sweep(asyncio.get_running_loop().time() + 1000)
        kept[0].answer(200, b"done")
        assert (await answer(reader))[2] == b"done"
        gate.sweep(asyncio.get_running_loop().time() + 1000)
        assert await reader.read() == b""

    talk(conversation)


def test_a_draining_server_answers_all_that_was_sent_and_says_close_with_the_last() -> None:
    async def conversation(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, gate: Gate) -> None:
        kept: list[Exchange] = gate.kept  # type: ignore[attr-defined]
        for path in ("/later-a", "/later-b"):
            writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        await until(lambda: len(kept) == 2)
        gate.draining = True
        kept[0].answer(200, b"a")
        kept[1].answer(200, b"b")
        first, last = await answer(reader), await answer(reader)
        assert "Connection: close" not in first[1]
        assert "Connection: close" in last[1]
        assert await reader.read() == b""

    talk(conversation)


def test_a_client_that_went_away_before_its_answer_harms_nobody() -> None:
    async def conversation(_: asyncio.StreamReader, writer: asyncio.StreamWriter, gate: Gate) -> None:
        kept: list[Exchange] = gate.kept  # type: ignore[attr-defined]
        writer.write(b"GET /later HTTP/1.1\r\nHost: x\r\n\r\n")
        await until(lambda: bool(kept))
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset, not a polite end
        writer.transport.abort()
        await until(lambda: not gate.open)
        kept[0].answer(200, b"late")

    talk(conversation)


def test_a_client_that_sends_no_more_still_gets_its_answer() -> None:
    async def conversation(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, gate: Gate) -> None:
        kept: list[Exchange] = gate.kept  # type: ignore[attr-defined]
        writer.write(b"GET /later HTTP/1.1\r\nHost: x\r\n\r\n")
        writer.write_eof()
        await until(lambda: bool(kept))
        await asyncio.sleep(0.05)
        kept[0].answer(200, b"done")
        assert (await answer(reader))[2] == b"done"
        assert await reader.read() == b""

    talk(conversation)


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /a HT",
        b"GET /a HTTP/1.1\r\nHost: x\r\n",
        b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx",
        b"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        b"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n",
    ],
)
def test_a_request_that_is_cut_short_is_told_so(sent: bytes) -> None:
    async def conversation(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, gate: Gate) -> None:
        writer.write(b"GET /first HTTP/1.1\r\nHost: x\r\n\r\n" + sent)
        writer.write_eof()
        assert (await answer(reader))[2] == b"/first"
        status, _, body = await answer(reader)
        assert (status, msgspec.json.decode(body)) == (400, {"error": "the request is cut short"})
        assert await reader.read() == b""
        await until(lambda: not gate.open)
        assert gate.held == 0

    talk(conversation)


def test_the_head_alone_comes_back_for_head() -> None:
    async def conversation(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: Gate) -> None:
        writer.write(b"HEAD /abc HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"Content-Length: 4" in await reader.readuntil(b"\r\n\r\n")
        assert (await answer(reader))[2] == b"/b"

    talk(conversation)


def test_a_client_behind_an_answer_is_asked_for_its_body_when_its_turn_comes() -> None:
    async def conversation(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, gate: Gate) -> None:
        kept: list[Exchange] = gate.kept  # type: ignore[attr-defined]
        writer.write(
            b"GET /later HTTP/1.1\r\nHost: x\r\n\r\n"
            b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n"
        )
        await until(lambda: bool(kept))
        kept[0].answer(200, b"done")
        assert (await answer(reader))[2] == b"done"
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"z")
        assert (await answer(reader))[2] == b"/az"

    talk(conversation)


async def again(writer: asyncio.StreamWriter) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """One more connection to where another goes."""
    return await asyncio.open_connection(*writer.get_extra_info("peername"))


def test_where_no_place_is_left_an_idle_connection_gives_its_own() -> None:
    async def conversation(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, gate: Gate) -> None:
        await until(lambda: len(gate.open) == 1)
        (idle,) = gate.open
        idle.since -= 10
        other, sent = await again(writer)
        sent.write(b"GET /b HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await answer(other))[2] == b"/b"
        assert await reader.read() == b""
        sent.close()

    talk(conversation, Limits(connections=1))


def test_where_nobody_can_give_a_place_the_next_one_is_told_to_come_again() -> None:
    async def conversation(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, gate: Gate) -> None:
        kept: list[Exchange] = gate.kept  # type: ignore[attr-defined]
        writer.write(b"GET /later HTTP/1.1\r\nHost: x\r\n\r\n")
        await until(lambda: bool(kept))
        next(iter(gate.open)).since -= 10
        other, sent = await again(writer)
        assert (await answer(other))[0] == 503
        assert await other.read() == b""
        kept[0].answer(200, b"done")
        assert (await answer(reader))[2] == b"done"
        sent.close()

    talk(conversation, Limits(connections=1, linger_s=0.05))


def test_half_sent_bodies_hold_no_more_than_their_share_and_give_way() -> None:
    begun = b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 4000\r\n\r\n" + b"x" * 3000

    async def conversation(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, gate: Gate) -> None:
        writer.write(begun)
        await until(lambda: gate.held == 3000)
        other, sent = await again(writer)
        sent.write(begun)
        assert (await answer(other))[0] == 503
        next(iter(gate.open)).since -= 10
        third, last = await again(writer)
        last.write(begun)
        assert await reader.read() == b""
        last.write(b"x" * 1000)
        assert (await answer(third))[0] == 200
        assert gate.held == 0
        sent.close()
        last.close()

    talk(conversation, Limits(body_bytes=5000, held_bytes=5000, linger_s=0.05))


def test_a_client_that_does_not_read_its_answer_is_let_go() -> None:
    async def conversation(_: asyncio.StreamReader, writer: asyncio.StreamWriter, gate: Gate) -> None:
        writer.transport.pause_reading()
        kept: list[Exchange] = gate.kept  # type: ignore[attr-defined]
        writer.write(b"GET /later HTTP/1.1\r\nHost: x\r\n\r\n")
        await until(lambda: bool(kept))
        (connection,) = gate.open
        kept[0].answer(200, bytes(50_000_000))
        now = asyncio.get_running_loop().time()
        gate.sweep(now + 20)
        assert connection in gate.open
        gate.sweep(now + 1000)
        assert not gate.open

    talk(conversation)
