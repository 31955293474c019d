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
        self._socket: socket.socket | None = own
        self._listener: asyncio.Server | None = None
        self._make: Make | None = None
        self.port = int(own.getsockname()[1])

    async def open(self, make: Make) -> None:
        """Let clients in: `make` gives the protocol of each."""
        if self._socket is None:
            return
        self._make = make
        # The loop gets a duplicate, so that it can stop listening while the queue of connections lives on.
        serve = asyncio.get_running_loop().create_server
        self._listener = await serve(make, sock=self._socket.dup(), backlog=_BACKLOG)

    async def close(self) -> None:
        """Take in those whose connection the kernel has accepted or begun, which a close would reset; then shut."""
        own, self._socket = self._socket, None
        if own is None or self._listener is None or self._make is None:
            return
        let_nobody_begin(own)
        await asyncio.sleep(_HANDSHAKE_S)
        self._listener.close()
        waiting = []
        with suppress(OSError):  # BlockingIOError: the queue is empty
            while True:
                waiting.append(own.accept()[0])
        own.close()
        for client in waiting:
            client.setblocking(False)  # noqa: FBT003 - the socket's own signature
            await asyncio.get_running_loop().connect_accepted_socket(self._make, client)


def let_nobody_begin(listening: socket.socket) -> None:
    """Have the kernel ignore new clients, where it can; those that try again later find the socket closed.

    Without it, a client that connects between the last `accept` and the `close` is reset after it has sent its request.
    """
    lines = b"".join(struct.pack("HBBI", *line) for line in _BEGINNING)
    program = ctypes.create_string_buffer(lines, len(lines))
    whole = struct.pack("HP", len(_BEGINNING), ctypes.addressof(program))
    with suppress(OSError):  # not Linux, or forbidden by a sandbox
        listening.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, whole)
