"""An open load of single rows: requests leave on time whether or not earlier ones were answered."""

import asyncio
import time
from collections.abc import Sequence

from headway.evidence.measurement import LatencyFacts

__all__ = ["offer"]

CONNECTIONS = 16
ANSWER_LIMIT_S = 5.0
QUANTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}


def offer(address: str, path: str, bodies: Sequence[bytes], *, rate: float, duration: float) -> LatencyFacts:
    """Send single-row requests at `rate` a second for `duration` seconds; latency counts from when each was due."""
    times, failures = asyncio.run(_offer(address, path, bodies, rate, duration))
    times.sort()
    quantiles = (
        {name: times[min(len(times) - 1, int(share * len(times)))] for name, share in QUANTILES.items()}
        if times
        else {}
    )
    requests = len(times) + failures
    return LatencyFacts(
        offered=rate, answered=len(times) / duration, requests=requests, failures=failures, quantiles=quantiles
    )


async def _offer(
    address: str, path: str, bodies: Sequence[bytes], rate: float, duration: float
) -> tuple[list[float], int]:
    host, _, port = address.rpartition(":")
    queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
    times: list[float] = []
    failures = 0

    async def work() -> None:
        nonlocal failures
        streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        while True:
            due, body = await queue.get()
            try:
                async with asyncio.timeout(ANSWER_LIMIT_S):
                    streams = streams or await asyncio.open_connection(host, int(port))
                    good = await _exchange(streams, host, path, body)
            except (OSError, EOFError, TimeoutError, ValueError):
                good, streams = False, None
            if good:
                times.append(time.monotonic() - due)
            else:
                failures += 1
            queue.task_done()

    workers = [asyncio.create_task(work()) for _ in range(CONNECTIONS)]
    begin = time.monotonic()
    for number in range(int(rate * duration)):
        due = begin + number / rate
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        queue.put_nowait((due, bodies[number % len(bodies)]))
    await queue.join()
    for worker in workers:
        worker.cancel()
    await asyncio.gather(*workers, return_exceptions=True)
    return times, failures


async def _exchange(
    streams: tuple[asyncio.StreamReader, asyncio.StreamWriter], host: str, path: str, body: bytes
) -> bool:
    reader, writer = streams
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    writer.write(head.encode() + body)
    answer = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    length = next(int(line[15:]) for line in answer.split("\r\n") if line.startswith("content-length:"))
    await reader.readexactly(length)
    return answer.split(" ", 2)[1] == "200"
