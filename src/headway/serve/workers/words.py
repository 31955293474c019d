"""What the parent and its workers say to each other: one JSON object a line, on a socket of which each has an end."""

import socket
from collections.abc import Iterator
from contextlib import suppress

import msgspec
from msgspec import Struct

__all__ = [
    "Ask",
    "Did",
    "Do",
    "Done",
    "FromParent",
    "FromWorker",
    "Go",
    "Held",
    "Line",
    "Order",
    "Ready",
    "Refused",
    "Stop",
    "Went",
]

_SECTION = 1 << 16


class Held(Struct, frozen=True):
    """A bundle that is being served: its folder, and the digest that it had when it was loaded."""

    folder: str
    digest: str


class Order(Struct, frozen=True):
    """`verb` (load or unload) what every worker shall do with a version of a model; the newest, or all, when ''."""

    verb: str
    model: str
    version: str = ""


class Ready(Struct, frozen=True, tag=True):
    """From a worker: it can answer; `said` belongs into the ready file."""

    said: dict[str, object]
    held: tuple[Held, ...]


class Went(Struct, frozen=True, tag=True):
    """From a worker: it says now that it is ready."""


class Refused(Struct, frozen=True, tag=True):
    """From a worker: it will not serve, and why."""

    why: str


class Ask(Struct, frozen=True, tag=True):
    """From a worker: let all do this, and tell me."""

    number: int
    order: Order


class Did(Struct, frozen=True, tag=True):
    """From a worker: what it holds after an order, or what went wrong (a status and a sentence)."""

    held: tuple[Held, ...] = ()
    status: int = 0
    fault: str = ""


class Go(Struct, frozen=True, tag=True):
    """From the parent: all can answer, so each may say that it is ready."""


class Stop(Struct, frozen=True, tag=True):
    """From the parent: drain, because this signal came to it."""

    signal: int


class Do(Struct, frozen=True, tag=True):
    """From the parent: do this, then say so."""

    order: Order


class Done(Struct, frozen=True, tag=True):
    """From the parent, to who asked: all have done it, or the first fault that one of them told."""

    number: int
    status: int = 0
    fault: str = ""


FromWorker = Ready | Went | Refused | Ask | Did
FromParent = Go | Stop | Do | Done


class Line:
    """One end.  It never waits: what is said is short, and the socket's buffer holds thousands of it."""

    def __init__(self, end: socket.socket) -> None:
        end.setblocking(False)  # noqa: FBT003 - the socket's own signature
        self.end = end
        self._rest = b""

    def say(self, word: FromWorker | FromParent) -> None:
        """Tell the other side, if it is still there."""
        with suppress(OSError):
            self.end.sendall(msgspec.json.encode(word) + b"\n")

    def heard(self) -> Iterator[bytes]:
        """The lines that have come; EOFError when the other side is gone."""
        try:
            data = self.end.recv(_SECTION)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            raise EOFError
        *lines, self._rest = (self._rest + data).split(b"\n")
        yield from lines
