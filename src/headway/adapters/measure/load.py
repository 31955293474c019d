"""An open load of single rows: requests leave on time whether or not earlier ones were answered."""

import asyncio
import time
from collections.abc import Sequence

from headway.evidence.measurement import LatencyFacts

__all__ = ["offer"]

CONNECTIONS = 16
ANSWER_LIMIT_S = 5.0
QUANTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def offer(address: str, path: str, bodies: Sequence[bytes], *, rate: float, duration: float) -> LatencyFacts:
    """Send single-row requests at `rate` a second for `duration` seconds; latency counts from when each was due.

    So a stall delays, and is charged to, all requests that fell into it (no coordinated omission).
    """
    load = _Load(address, path)
    elapsed = asyncio.run(load.offer(bodies, rate, max(1, round(rate * duration))))
    times = sorted(load.times)
    last = len(times) - 1
    quantiles = {name: times[min(last, int(share * len(times)))] for name, share in QUANTILES.items() if times}
    return LatencyFacts(
        offered=rate,
        answered=len(times) / max(elapsed, duration),
        requests=len(times) + load.failures,
        failures=load.failures,
        quantiles=quantiles,
    )


class _Load:
    """Connections that share a queue of requests, each with the time it is due."""

    def __init__(self, address: str, path: str) -> None:
        self._host, _, self._port = address.rpartition(":")
        self._path = path
        self._queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        self.times: list[float] = []
        self.failures = 0

    async def offer(self, bodies: Sequence[bytes], rate: float, count: int) -> float:
        """Offer so many requests; the seconds until the last was answered."""
        workers = [asyncio.create_task(self._work(await self._connect())) for _ in range(CONNECTIONS)]
        begin = time.monotonic()
        for number in range(count):
            due = begin + number / rate
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            self._queue.put_nowait((due, bodies[number % len(bodies)]))
        await self._queue.join()
        elapsed = time.monotonic() - begin
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
        return elapsed

    async def _connect(self) -> Streams | None:
        try:
            async with asyncio.timeout(ANSWER_LIMIT_S):
                return await asyncio.open_connection(self._host, int(self._port))
        except (OSError, TimeoutError):
            return None

    async def _work(self, streams: Streams | None) -> None:
        try:
            while True:
                due, body = await self._queue.get()
                streams = streams or await self._connect()
                if streams and await self._exchange(streams, body):
                    self.times.append(time.monotonic() - due)
                else:
                    self.failures += 1
                    _close(streams)
                    streams = None
                self._queue.task_done()
        finally:
            _close(streams)

    async def _exchange(self, streams: Streams, body: bytes) -> bool:
        reader, writer = streams
        head = f"POST {self._path} HTTP/1.1\r\nHost: {self._host}\r\nContent-Type: application/json\r\n"
        writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        try:
            async with asyncio.timeout(ANSWER_LIMIT_S):
                answer = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
                lengths = [line[15:] for line in answer.split("\r\n") if line.startswith("content-length:")]
                await reader.readexactly(int(lengths[0]))
        except (OSError, EOFError, TimeoutError, ValueError, IndexError, asyncio.LimitOverrunError):
            return False
        return answer.split(" ", 2)[1] == "200"


def _close(streams: Streams | None) -> None:
    if streams:
        streams[1].close()
