"""The gRPC server's life, in the event loop of REST's: it listens and opens when that does, and drains beside it.

grpcio is an extra, and a heavy import: it is imported when a server is made.
"""

import asyncio
import os
from collections.abc import Callable

from headway.serve.control import Control
from headway.serve.fault import RefusedError
from headway.serve.models.shelf import Shelf
from headway.serve.options import Options
from headway.serve.watch.recent import Recent

__all__ = ["GrpcDoor"]

_CALLS = 1024  # under way at once; each may hold a message of `body_bytes`
_TICK_S, _LAST_S = 0.05, 0.5


class GrpcDoor:
    """A gRPC server over the loaded models; `recent` and `draining` are shared with REST's.

    `shared` lets other workers listen on its port, too; `port` is which, once it listens.
    """

    def __init__(
        self,
        options: Options,
        shelf: Shelf,
        control: Control,
        *,
        recent: Recent,
        draining: Callable[[], bool],
        shared: bool = False,
    ) -> None:
        # What goes wrong is told by a status, or by a refusal to start; the core's log would say it a second time.
        os.environ.setdefault("GRPC_VERBOSITY", "NONE")
        import grpc  # noqa: PLC0415 - the reason above

        from headway.serve.grpc.service import Service  # noqa: PLC0415 - the same

        self._host, self.port = options.host, options.grpc_port or 0
        self._listens = self._opened = False
        self._service = Service(shelf, control, recent, draining)
        self._server = grpc.aio.server(
            maximum_concurrent_rpcs=_CALLS,
            options=[
                ("grpc.max_receive_message_length", options.limits.body_bytes),
                ("grpc.max_metadata_size", options.limits.head_bytes),
                ("grpc.max_connection_idle_ms", int(1000 * options.limits.idle_s)),
                # Only with other workers, whose parent holds the port: one that is taken would be shared in silence.
                ("grpc.so_reuseport", int(shared)),
            ],
        )
        self._server.add_generic_rpc_handlers(tuple(self._service.handlers()))

    def renew(self) -> None:
        """The models are others now."""
        self._service.renew()

    def listen(self) -> None:
        """Let clients wait at the port; RefusedError when it is taken.  A second time changes nothing."""
        if self._listens:
            return
        host = f"[{self._host}]" if ":" in self._host else self._host
        try:
            self.port = self._server.add_insecure_port(f"{host}:{self.port}")
        except RuntimeError:
            raise RefusedError(f"cannot listen for gRPC on {self._host}:{self.port}") from None
        self._listens = True

    async def open(self) -> None:
        """Listen, and let clients in.  A second time changes nothing."""
        self.listen()
        if not self._opened:
            self._opened = True
            await self._server.start()

    async def drain(self, quiet_s: float, most_s: float, at_once: Callable[[], bool]) -> None:
        """Serve on until no call came for `quiet_s`, at most for `most_s`; then take none, and finish what is asked."""
        clock = asyncio.get_running_loop().time
        begin = clock()
        while clock() < begin + most_s - _LAST_S and not at_once():
            if not self._service.open and clock() - max(self._service.last, begin) >= quiet_s:
                break
            await asyncio.sleep(_TICK_S)
        await self._server.stop(_LAST_S)

    async def close(self) -> None:
        """End it now."""
        await self._server.stop(None)
