"""The listening socket: opened before anything is loaded, and shut so that nobody who had come in is turned away."""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress

from headway.serve.fault import RefusedError

__all__ = ["Door", "listen"]

_BACKLOG = 1024

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
        """Take in those whose connection the kernel has already accepted, which a close would reset; then shut."""
        own, self._socket = self._socket, None
        if own is None or self._listener is None or self._make is None:
            return
        self._listener.close()
        waiting = []
        with suppress(OSError):  # BlockingIOError: the queue is empty
            while True:
                waiting.append(own.accept()[0])
        own.close()
        for client in waiting:
            client.setblocking(False)  # noqa: FBT003 - the socket's own signature
            await asyncio.get_running_loop().connect_accepted_socket(self._make, client)
