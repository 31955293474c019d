"""Starts a server: one process that serves, or a parent that keeps several."""

import socket
from functools import partial

from msgspec import structs

from headway.serve.cage.sandbox import Seal, enter
from headway.serve.fault import RefusedError
from headway.serve.models.library import Library
from headway.serve.options import Options
from headway.serve.ready import ready
from headway.serve.wire.door import listen
from headway.serve.workers.seat import Seat

__all__ = ["start"]


def start(options: Options) -> None:
    """Serve until told to stop; RefusedError when that must not or cannot be."""
    listening, reserved = listen(options.host, options.port), None
    if options.grpc_port is not None and options.workers > 1:  # gRPC's library makes its own sockets, one a worker
        reserved = _reserved(options.host, options.grpc_port)
        options = structs.replace(options, grpc_port=reserved.getsockname()[1])
    seal: Seal = str if options.sandbox == "off" else enter(options, Library(options.bundles, options.models))
    if options.workers == 1:
        _work(options, listening, seal, None)
        return
    work = partial(_work, options, listening, seal)
    from headway.serve.workers.parent import keep  # noqa: PLC0415 - one process needs no parent

    try:
        keep(listening, options.workers, work, ready=partial(ready, options), drain_s=options.drain_s)
    finally:
        if reserved:
            reserved.close()


def _reserved(host: str, port: int) -> socket.socket:
    """A socket that only holds a port for others of this user, who listen on it; RefusedError when it is taken."""
    made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        made.bind((host, port))
    except OSError as error:
        raise RefusedError(f"cannot listen for gRPC on {host}:{port}: {error.strerror}") from None
    return made


def _work(options: Options, listening: socket.socket, seal: Seal, seat: Seat | None) -> None:
    try:
        # Only now: the sandbox must be entered, and workers forked, before libraries start threads.
        from headway.serve.run import serve  # noqa: PLC0415 - the reason above

        serve(options, listening, seat, seal)
    except ModuleNotFoundError as missing:
        extra = "grpc" if f"{missing.name}".partition(".")[0] in {"grpc", "google"} else "serve"
        raise RefusedError(f"{missing.name} is not installed; install headway[{extra}]") from None
