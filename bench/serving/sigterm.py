"""Ends a server by SIGTERM again and again while busy clients go on: no request may be lost.

Broken is a request of which a byte was sent and that got no whole answer of 200.  A client comes again when it was told
`Connection: close`, when the server closed its connection between two requests, and when nobody listened; those are
counted and not broken, since nothing had been asked.  While no server is ready nobody comes, as behind a readiness
probe.
"""

import asyncio
import re
import signal
import socket
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

__all__ = ["Crowd", "restarts"]

HEAD = re.compile(rb"HTTP/1\.1 (\d+)[^\0]*?\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)
CLOSE = re.compile(rb"\r\nconnection: *close\r\n", re.IGNORECASE)
AGAIN_S = 0.02
END_S = 30.0
LEAST = 200
READY_S = 60.0


class Crowd:
    """Clients that ask without pause; `seen` counts what became of it: statuses, broken, refused, closed, between."""

    def __init__(self, port: int, requests: Sequence[bytes], count: int) -> None:
        self.port = port
        self.requests = requests
        self.seen: Counter[str] = Counter()
        self.ended = False
        self.open = asyncio.Event()  # somebody is ready
        self.more = asyncio.Event()  # set at each answer
        self.tasks = [asyncio.create_task(self._client(number)) for number in range(count)]

    async def answers(self, count: int) -> None:
        """Wait for so many more answers of 200."""
        wanted = self.seen["200"] + count
        while self.seen["200"] < wanted:
            self.more.clear()
            await self.more.wait()

    async def end(self) -> Counter[str]:
        """Let each finish what it asked; what was seen."""
        self.ended = True
        self.open.set()
        await asyncio.gather(*self.tasks)
        return self.seen

    async def _client(self, number: int) -> None:
        loop = asyncio.get_running_loop()
        while await self.open.wait() and not self.ended:
            with socket.socket() as own:
                own.setblocking(False)  # noqa: FBT003 - the socket's own signature
                own.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                try:
                    await loop.sock_connect(own, ("127.0.0.1", self.port))
                except OSError:
                    self.seen["refused"] += 1
                    await asyncio.sleep(AGAIN_S)
                    continue
                if self.open.is_set():
                    await self._talk(own, number)

    async def _talk(self, own: socket.socket, number: int) -> None:
        """Ask over one connection until it ends."""
        loop = asyncio.get_running_loop()
        while not self.ended:
            if _was_closed(own):
                self.seen["between"] += 1
                return
            number = (number + 1) % len(self.requests)
            try:
                await loop.sock_sendall(own, self.requests[number])
                status, close = await _answer(loop, own)
            except (OSError, EOFError):
                self.seen["broken"] += 1
                return
            self.seen[status] += 1
            self.seen["broken"] += status != "200"
            self.more.set()
            if close:
                self.seen["closed"] += 1
                return


def _was_closed(own: socket.socket) -> bool:
    try:
        return own.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


async def _answer(loop: asyncio.AbstractEventLoop, own: socket.socket) -> tuple[str, bool]:
    data = b""
    while True:
        part = await loop.sock_recv(own, 1 << 16)
        if not part:
            raise EOFError
        data += part
        end = data.find(b"\r\n\r\n")
        if end < 0:
            continue
        found = HEAD.match(data[: end + 2])
        if found is None:
            raise EOFError
        if len(data) >= end + 4 + int(found[2]):
            return found[1].decode(), CLOSE.search(data[: end + 2]) is not None


async def restarts(
    command: Sequence[str], port: int, requests: Sequence[bytes], *, clients: int, rounds: int
) -> Counter[str]:
    """Start the server, let the clients get `LEAST` answers, end it, and so on; what they saw, and `failed` exits.

    `command` must serve on `port`; it is told of a file that it writes when it is ready.
    """
    crowd, failed = Crowd(port, requests, clients), 0
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as place:
            ready = Path(place) / "ready"
            whole = [*command, "--ready-file", str(ready)]
            server = await asyncio.create_subprocess_exec(*whole, stderr=asyncio.subprocess.DEVNULL)
            try:
                await asyncio.wait_for(_exists(ready), READY_S)
                crowd.open.set()
                await asyncio.wait_for(crowd.answers(LEAST), READY_S)
                server.send_signal(signal.SIGTERM)
                failed += await asyncio.wait_for(server.wait(), END_S) != 0
            finally:
                crowd.open.clear()
                if server.returncode is None:
                    server.kill()
                    await server.wait()
    seen = await asyncio.wait_for(crowd.end(), END_S)
    seen["failed"] = failed
    return seen


async def _exists(path: Path) -> None:
    while not path.exists():  # noqa: ASYNC110, ASYNC240 - a file has no event; a glance blocks nothing
        await asyncio.sleep(AGAIN_S)
