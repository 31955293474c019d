"""The listening socket: opened before anything is loaded, and shut so that nobody who had come in is turned away."""

import asyncio
import ctypes
import socket
import struct
from collections.abc import Callable
from contextlib import suppress

from headway.serve.fault import RefusedError

__all__ = ["Door", "let_nobody_begin", "listen"]

_BACKLOG = 1024
_MOMENT_S = 0.001
_HANDSHAKE_S = 0.02  # for clients that had begun to connect when nobody else may

# Classic BPF over a TCP segment, (code, jump if true, jump if false, number) each: drop it when it begins a connection
# (SYN without ACK), else keep it (linux/filter.h names the codes).
_BEGINNING = (
    (0x30, 0, 0, 13),  # load the byte of flags
    (0x54, 0, 0, 0x12),  # of it SYN and ACK
    (0x15, 0, 1, 0x02),  # SYN alone?
    (0x06, 0, 0, 0),
    (0x06, 0, 0, 0xFFFFFFFF),
)
_SO_ATTACH_FILTER = 26  # of Linux; Python's socket module does not name it

Make = Callable[[], asyncio.Protocol]
Crowded = Callable[[int], bool]


def listen(host: str, port: int) -> socket.socket:
    """Listen on an address; port 0 is any free one.  RefusedError when it is taken or not ours."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        own = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise RefusedError(f"cannot listen on {host}:{port}: {error.strerror}") from None
    own.setblocking(False)  # noqa: FBT003 - the socket's own signature
    return own


class Door:
    """A listening socket and the loop's listener on it."""

    def __init__(self, own: socket.socket) -> None:
        self._own: socket.socket | None = own
        self._listener: asyncio.Server | None = None
        self._make: Make | None = None
        self._crowded: Crowded | None = None
        self._coming: set[asyncio.Task[object]] = set()
        self.port = int(own.getsockname()[1])

    async def open(self, make: Make, crowded: Crowded | None = None) -> None:
        """Let clients in: `make` gives the protocol of each.  A second time changes nothing.

        Where other processes take clients from the same queue, `crowded(n)` says whether one of them has fewer than
        this one with its n newest.  Then it is given a moment to be first: clients that stay are shared evenly, and
        one that does not come, because it is busy or dead, costs nobody more than that.
        """
        if self._own is None or self._make is not None:
            return
        self._make, self._crowded = make, crowded
        loop = asyncio.get_running_loop()
        if crowded is None:
            # The loop gets a duplicate, so that it can stop listening while the queue of connections lives on.
            self._listener = await loop.create_server(make, sock=self._own.dup(), backlog=_BACKLOG)
        else:
            loop.add_reader(self._own, self._next)

    async def close(self) -> None:
        """Take in those whose connection the kernel has accepted or begun, which a close would reset; then shut."""
        own = self._own
        if own is None:
            return
        if self._listener is not None:
            let_nobody_begin(own)
            await asyncio.sleep(_HANDSHAKE_S)
            self._listener.close()
        else:  # the others still let in
            asyncio.get_running_loop().remove_reader(own)
        while self._take():
            pass
        own.close()
        self._own = None
        if self._coming:
            await asyncio.wait(self._coming)

    def _next(self) -> None:
        """Somebody is at the door; others have heard it, too."""
        if self._own is not None and self._crowded is not None and self._crowded(len(self._coming)):
            loop = asyncio.get_running_loop()
            loop.remove_reader(self._own)
            loop.call_later(_MOMENT_S, self._late)
        else:
            self._take()

    def _late(self) -> None:
        if self._own is not None:
            self._take()
            asyncio.get_running_loop().add_reader(self._own, self._next)

    def _take(self) -> bool:
        """Let one in, if there is one."""
        if self._own is None or self._make is None:
            return False
        try:
            client = self._own.accept()[0]
        except OSError:  # BlockingIOError: another was faster; or it has gone already
            return False
        client.setblocking(False)  # noqa: FBT003 - the socket's own signature
        loop = asyncio.get_running_loop()
        task: asyncio.Task[object] = loop.create_task(loop.connect_accepted_socket(self._make, client))
        self._coming.add(task)
        task.add_done_callback(self._coming.discard)
        return True


def let_nobody_begin(listening: socket.socket) -> None:
    """Have the kernel ignore new clients, where it can; those that try again later find the socket closed.

    Without it, a client that connects between the last `accept` and the `close` is reset after it has sent its request.
    """
    lines = b"".join(struct.pack("HBBI", *line) for line in _BEGINNING)
    program = ctypes.create_string_buffer(lines, len(lines))
    whole = struct.pack("HP", len(_BEGINNING), ctypes.addressof(program))
    with suppress(OSError):  # not Linux, or forbidden by a sandbox
        listening.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, whole)
