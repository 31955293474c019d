"""A conversation with all that reads bytes from strangers: HTTP, content encodings, both protocols, CSV.

An input is what comes on one connection; its first byte says in which pieces, and whether it is all or a body, whose
head is then made here.  Whatever it is, nothing is raised, every answer is whole HTTP with a status below 500, and
nothing is held when the connection is gone.
"""

import asyncio

from tests.serve.bundles import INPUTS, OUTPUTS, classifier_manifest

from headway.evidence.bundle import Signature
from headway.serve.batching.rows import Layout, Rows
from headway.serve.fault import Fault
from headway.serve.options import Limits
from headway.serve.protocols import feedback, invocations, oip
from headway.serve.wire.connection import Connection
from headway.serve.wire.exchange import Exchange
from headway.serve.wire.gate import Gate

__all__ = ["HEADS", "PIECES", "hold"]

LAYOUT = Layout(Signature(inputs=INPUTS, outputs=OUTPUTS), 3e38)
MANIFEST = classifier_manifest()
LIMITS = Limits(head_bytes=2000, body_bytes=20_000, linger_s=0.0)
NUMBERS = 2  # of the columns
PIECES = (1, 7, 300, 100_000)
# Path and headers of a body; without a path the input is the whole conversation.
HEADS = (
    (b"", b""),
    (b"/infer", b""),
    (b"/invocations", b""),
    (b"/invocations", b"Content-Type: text/csv\r\n"),
    (b"/infer", b"Content-Encoding: gzip\r\n"),
    (b"/invocations", b"Content-Encoding: deflate\r\n"),
    (b"/infer", b"Inference-Header-Content-Length: 116\r\n"),
    (b"/feedback", b""),
)


class Memory(asyncio.Transport):
    """A transport that keeps what is written, and is read at once."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.ended = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Keep it."""
        self.written += bytes(data)

    def write_eof(self) -> None:
        """Nothing more is written."""

    def close(self) -> None:
        """The end."""
        self.ended = True

    abort = close

    def is_closing(self) -> bool:
        """Is it ended?"""
        return self.ended

    def pause_reading(self) -> None:
        """Nothing is read that was not given."""

    resume_reading = pause_reading

    def get_write_buffer_size(self) -> int:
        """All is read at once."""
        return 0


def read(exchange: Exchange) -> Rows | None:
    """A request's rows by its path, as the server reads them; feedback has none."""
    if exchange.path.endswith(b"invocations"):
        return invocations.parse(exchange.content(), LAYOUT, exchange.kind).rows
    if exchange.path.endswith(b"feedback"):
        assert feedback.parse(exchange.content(), MANIFEST)
        return None
    return oip.parse(exchange.content(), LAYOUT, ("label", "probabilities"), exchange.tensors).rows


def handle(exchange: Exchange) -> None:
    """Answer with how many rows there are; they are whole."""
    try:
        rows = read(exchange)
    except Fault as fault:
        assert 400 <= fault.status < 500, fault  # noqa: PT017 - either outcome is right
        fault.message.encode()
        exchange.answer(fault.status, b"")
        return
    if rows is None:
        exchange.answer(200, b"")
        return
    assert rows.count > 0
    assert len(rows.numbers) == rows.count * NUMBERS * 8
    assert all(len(texts) == rows.count for texts in rows.texts)
    exchange.answer(200, b"%d" % rows.count)


def hold(data: bytes) -> None:
    """Hold one conversation."""
    form, rest = data[0] if data else 0, data[1:]
    path, headers = HEADS[form // len(PIECES) % len(HEADS)]
    if path:
        rest = b"POST %b HTTP/1.1\r\nHost: x\r\n%bContent-Length: %d\r\n\r\n%b" % (path, headers, len(rest), rest)
    asyncio.run(_converse(rest, PIECES[form % len(PIECES)]))


async def _converse(data: bytes, piece: int) -> None:
    transport = Memory()
    gate = Gate(LIMITS, handle, lambda exchange, status, _: exchange.answer(status, b""))
    connection = Connection(gate)
    connection.connection_made(transport)
    for start in range(0, len(data), piece):
        connection.data_received(data[start : start + piece])
    if not transport.ended:
        connection.eof_received()
    connection.connection_lost(None)
    assert gate.held == 0
    assert not gate.open
    for answer in transport.written.split(b"HTTP/1.1 ")[1:]:
        assert answer[:3] in {b"100", b"200", b"400", b"408", b"413", b"415", b"431"}, answer
        assert b"\r\n\r\n" in answer
