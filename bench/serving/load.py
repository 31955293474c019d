"""A load generator, a process of its own: connections kept busy, or asked at a steady pace; and an echo server.

It reads sockets in the order in which epoll names them and does nothing that a request does not need, so that the
server is the slower side; `ceiling` measures by how much.
"""

import argparse
import json
import random
import re
import select
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import msgspec
from msgspec import Struct, structs

__all__ = ["ANSWER_S", "Load", "Taken", "ceiling", "start"]

LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
READ = 1 << 18
CONNECT_S = 10.0
ANSWER_S = 30.0  # a request without an answer for so long is broken


class Load(Struct, frozen=True, kw_only=True):
    """What is asked: `rate` requests a second over all connections, or as fast as the answers come when it is 0.

    They are due at equal steps, or with `chance` at times that do not know of each other (a Poisson process).  Nothing
    counts in the first `warm_s` seconds.
    """

    port: int
    clients: int
    seconds: float
    rate: float = 0.0
    chance: bool = False
    warm_s: float = 0.3


class Taken(Struct, frozen=True, kw_only=True):
    """What came back: answers a second, milliseconds at quantiles (all of the time when nothing came), what was broken.

    `busy` is the generator's own CPU, 1 being a whole core; `answers` counts those of the warm-up too.

    With a rate, a request's time begins when it was due, so that a server that stalls is not spared its queue.
    """

    rate: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    busy: float
    answers: int
    broken: int
    reason: str = ""


class Client:
    """One connection: what it sent when, and what it has read of the answer."""

    __slots__ = ("at", "begun", "buffer", "socket")

    def __init__(self, port: int, at: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=CONNECT_S)
        self.socket.setblocking(True)  # noqa: FBT003 - with a timeout, each call would ask the kernel twice
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.at = at
        self.begun = 0.0
        self.buffer = b""

    def ask(self, requests: Sequence[bytes], due: float) -> None:
        """Send the next request."""
        self.at = (self.at + 1) % len(requests)
        self.begun = due
        self.socket.sendall(requests[self.at])

    def answered(self) -> bool:
        """Read what is there; True when the answer is whole, BrokenError when it is not one."""
        data = self.socket.recv(READ)
        if not data:
            raise BrokenError("a connection was closed instead of an answer")
        data = self.buffer + data
        end = data.find(b"\r\n\r\n")
        if end >= 0:
            length = LENGTH.search(data, 0, end + 2)
            if not data.startswith(b"HTTP/1.1 200") or length is None:
                raise BrokenError(data[:300].decode("latin-1"))
            if len(data) >= end + 4 + int(length[1]):
                self.buffer = b""
                return True
        self.buffer = data
        return False


class BrokenError(Exception):
    """An answer that is none."""


class _Round:
    """A load being put on."""

    def __init__(self, load: Load, requests: Sequence[bytes]) -> None:
        self.requests = requests
        self.poll = select.epoll()
        self.clients: dict[int, Client] = {}
        for number in range(load.clients):
            client = Client(load.port, number * 3)
            self.clients[client.socket.fileno()] = client
            self.poll.register(client.socket.fileno(), select.EPOLLIN)
        self.step = 1 / load.rate if load.rate else 0.0
        chance = partial(random.Random(0).expovariate, load.rate)  # noqa: S311 - times, no secrets
        self.next: Callable[[], float] = chance if load.chance else lambda: self.step
        self.free = deque(self.clients.values())
        self.due = self.last = time.perf_counter()
        self.took: list[float] = []
        self.broken, self.reason = 0, ""

    def run(self, until: float) -> None:
        """Ask and read until then, or until nothing more comes."""
        while (now := time.perf_counter()) < until and now - self.last < ANSWER_S and self.clients:
            while self.free and (self.due <= now or not self.step):
                self.free.popleft().ask(self.requests, self.due if self.step else now)
                self.due += self.next()
            wait = max(self.due - now, 0.0) if self.step and self.free else 1.0
            if select.select([self.poll], [], [], min(until - now, wait))[0]:  # epoll's own time-out is in whole ms
                for file, _ in self.poll.poll(0):
                    self.read(file)

    def read(self, file: int) -> None:
        """Something came for this connection."""
        client = self.clients[file]
        try:
            if not client.answered():
                return
            now = self.last = time.perf_counter()
            self.took.append(now - client.begun)
            if self.step:
                self.free.append(client)
            else:
                client.ask(self.requests, now)
        except (OSError, BrokenError) as error:
            self.broken, self.reason = self.broken + 1, str(error)
            self.poll.unregister(file)
            self.clients.pop(file).socket.close()


def generate(load: Load, requests: Sequence[bytes]) -> Taken:
    """Put the load on, and say what came of it."""
    it = _Round(load, requests)
    it.run(time.perf_counter() + load.warm_s)
    warm = len(it.took)
    it.took.clear()
    begin, used = time.perf_counter(), time.process_time()
    it.run(begin + load.seconds)
    lasted, busy = time.perf_counter() - begin, time.process_time() - used
    if time.perf_counter() - it.last >= ANSWER_S:
        it.broken, it.reason = it.broken + len(it.clients), "no answer came"
    took = sorted(it.took)
    p50, p95, p99 = [took[int(len(took) * share)] if took else load.seconds for share in (0.5, 0.95, 0.99)]
    return Taken(
        rate=len(took) / lasted,
        p50_ms=p50 * 1000,
        p95_ms=p95 * 1000,
        p99_ms=p99 * 1000,
        busy=busy / lasted,
        answers=warm + len(took),
        broken=it.broken,
        reason=it.reason,
    )


def start(load: Load, requests: Sequence[bytes]) -> Taken:
    """Put the load on from a process of its own."""
    told = json.dumps({"load": msgspec.to_builtins(load), "requests": [each.decode("latin-1") for each in requests]})
    done = subprocess.run(
        [sys.executable, str(Path(__file__).resolve())],
        input=told,
        capture_output=True,
        text=True,
        check=True,
        timeout=load.seconds + load.warm_s + ANSWER_S + 3 * CONNECT_S,
    )
    return msgspec.json.decode(done.stdout, type=Taken)


def ceiling(generate: Callable[[Load, Sequence[bytes]], Taken], load: Load, request: bytes, answer: bytes) -> Taken:
    """A generator against a server that reads a request and sends the same answer, whatever was asked."""
    echo = subprocess.Popen([sys.executable, str(Path(__file__).resolve()), "--echo"], stdin=-1, stdout=-1)
    assert echo.stdin is not None
    assert echo.stdout is not None
    try:
        echo.stdin.write(b"%d %d\n" % (len(request), len(answer)) + answer)
        echo.stdin.flush()
        port = int(echo.stdout.readline())
        return generate(structs.replace(load, port=port), [request])
    finally:
        echo.kill()
        echo.wait()


def main() -> None:
    """Be the generator, or the echo."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--echo", action="store_true")
    if asked.parse_args().echo:
        _echo()
        return
    told = json.loads(sys.stdin.read())
    taken = generate(Load(**told["load"]), [each.encode("latin-1") for each in told["requests"]])
    sys.stdout.buffer.write(msgspec.json.encode(taken))


def _echo() -> None:
    size, length = map(int, sys.stdin.buffer.readline().split())
    answer = sys.stdin.buffer.read(length)
    listener, poll = socket.create_server(("127.0.0.1", 0), backlog=1024), select.epoll()
    print(listener.getsockname()[1], flush=True)
    files: dict[int, socket.socket] = {}
    missing: dict[int, int] = {}
    poll.register(listener.fileno(), select.EPOLLIN)
    while True:
        for file, _ in poll.poll():
            if file == listener.fileno():
                client = listener.accept()[0]
                files[client.fileno()], missing[client.fileno()] = client, size
                poll.register(client.fileno(), select.EPOLLIN)
                continue
            data = b""
            with suppress(OSError):
                data = files[file].recv(READ)
            if not data:
                poll.unregister(file)
                files.pop(file).close()
                continue
            missing[file] -= len(data)
            if missing[file] <= 0:
                missing[file] += size
                files[file].send(answer)


if __name__ == "__main__":
    main()
