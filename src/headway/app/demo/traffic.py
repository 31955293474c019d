"""A client of the demo: an open loop of single-row requests over kept connections, each answer counted.

It knows only the address and the protocol; which version answered it reads from the answer.
"""

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

__all__ = ["Tally", "Traffic", "body_of"]

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]

CONNECTIONS = 32
TIMEOUT_S = 5.0
BLANK_EVERY = 17  # blanks one weather field in 1 of 17 requests, 6 %


class Tally:
    """Counts since the start, by the version that answered (empty: none did)."""

    def __init__(self) -> None:
        self.answers: Counter[str] = Counter()
        self.failures: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()

    def requests(self) -> int:
        """Requests that ended, well or not."""
        return self.answers.total() + self.failures.total()


class Traffic:
    """Sends the rows in turn at a steady rate in a thread of its own, until it is stopped."""

    def __init__(
        self, address: str, model: str, rows: Sequence[Mapping[str, Any]], *, rate: float, blank: str = ""
    ) -> None:
        self.tally = Tally()
        self._host, _, port = address.rpartition(":")
        self._port = int(port)
        self._path = f"/v2/models/{model}/infer"
        self._rate = rate
        self._blank = blank
        self._bodies = self._encode(rows)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def change_rows(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Go on with other rows."""
        self._bodies = self._encode(rows)

    def stop(self) -> None:
        """Stop sending and wait for the answers that are due."""
        self._stop.set()
        self._thread.join(timeout=TIMEOUT_S * 2)

    def _encode(self, rows: Sequence[Mapping[str, Any]]) -> list[bytes]:
        return [
            self._request({**row, self._blank: None} if self._blank and number % BLANK_EVERY == 0 else row)
            for number, row in enumerate(rows)
        ]

    def _request(self, row: Mapping[str, Any]) -> bytes:
        body = body_of(row)
        head = f"POST {self._path} HTTP/1.1\r\nHost: {self._host}\r\nContent-Type: application/json\r\n"
        return head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body

    async def _run(self) -> None:
        queue: asyncio.Queue[bytes] = asyncio.Queue()
        clients = [asyncio.create_task(self._client(queue)) for _ in range(CONNECTIONS)]
        loop = asyncio.get_running_loop()
        begin, sent = loop.time(), 0
        while not self._stop.is_set():
            due = int((loop.time() - begin) * self._rate)
            for number in range(sent, due):
                queue.put_nowait(self._bodies[number % len(self._bodies)])
            sent = due
            await asyncio.sleep(0.005)
        await queue.join()
        for client in clients:
            client.cancel()
        await asyncio.gather(*clients, return_exceptions=True)

    async def _client(self, queue: asyncio.Queue[bytes]) -> None:
        connection: Connection | None = None
        try:
            while True:
                connection = await self._send(await queue.get(), connection)
                queue.task_done()
        finally:
            await _close(connection)

    async def _send(self, request: bytes, connection: Connection | None) -> Connection | None:
        """Send one request and count what became of it; the connection, if it can be used again."""
        try:
            async with asyncio.timeout(TIMEOUT_S):
                connection = connection or await asyncio.open_connection(self._host, self._port)
                keep = await self._exchange(request, *connection)
        except (OSError, EOFError, TimeoutError, ValueError) as error:
            self.tally.failures[""] += 1
            self.tally.reasons[f"{type(error).__name__}: {error}"] += 1
            keep = False
        if keep:
            return connection
        await _close(connection)
        return None

    async def _exchange(self, request: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        status = int(head.split(" ", 2)[1])
        fields = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
        body = await reader.readexactly(int(fields.get("content-length", "0")))
        version = fields.get("headway-version", "")
        if status < 400:
            self.tally.answers[version] += 1
        else:
            self.tally.failures[version] += 1
            self.tally.reasons[f"{status} {body[:120].decode('utf-8', 'replace')}"] += 1
        return fields.get("connection", "") != "close"


async def _close(connection: Connection | None) -> None:
    if connection:
        connection[1].close()
        with suppress(OSError):
            await connection[1].wait_closed()


def body_of(row: Mapping[str, Any]) -> bytes:
    """A row as a request of the Open Inference Protocol.

    >>> body_of({"x": 1.0})
    b'{"inputs": [{"name": "x", "shape": [1], "datatype": "FP64", "data": [1.0]}]}'
    """
    inputs = [
        {"name": name, "shape": [1], "datatype": _datatype(value), "data": [value]} for name, value in row.items()
    ]
    return json.dumps({"inputs": inputs}).encode()


def _datatype(value: object) -> str:
    if isinstance(value, str):
        return "BYTES"
    return "INT64" if isinstance(value, int) else "FP64"
