"""The life of a server: check, listen, load, say ready; at SIGTERM drain and leave.

Drain means: not ready at once, serve on with `Connection: close`, and leave when no connection was open for a while.
"""

import asyncio
import os
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Coroutine, Mapping, Sequence
from email.utils import formatdate
from functools import partial
from pathlib import Path

import msgspec
from msgspec import structs

from headway.serve.control import Control
from headway.serve.grpc.server import GrpcDoor
from headway.serve.models.bundle import Opened, open_bundle
from headway.serve.models.library import Library
from headway.serve.models.model import Model
from headway.serve.models.release import require_release
from headway.serve.models.shelf import Shelf
from headway.serve.options import Options
from headway.serve.routes import Routes
from headway.serve.runtimes.choice import runtime_of
from headway.serve.watch.recent import Recent
from headway.serve.wire.connection import Connection
from headway.serve.wire.descriptors import connections
from headway.serve.wire.door import Door
from headway.serve.wire.drain import drain
from headway.serve.wire.gate import Gate

__all__ = ["serve"]

_TERMINAL_S = 0.05  # without a client, for somebody who pressed Ctrl-C


def serve(options: Options, listening: socket.socket, isolation: str = "") -> None:
    """Serve until told to stop; RefusedError when a bundle must not be served.

    `listening` is where clients come in; `isolation` says what this process gave up, for whoever reads the ready file.
    """
    library = Library(options.bundles, options.models)
    opened = [_admitted(options, entry.folder) for entry in library.entries()]
    try:
        import uvloop  # noqa: PLC0415 - optional, and a third of the speed
    except ImportError:
        asyncio.run(_serve(options, library, opened, Door(listening), isolation))
    else:
        uvloop.run(_serve(options, library, opened, Door(listening), isolation))


def _admitted(options: Options, folder: Path) -> Opened:
    """A bundle whose bytes are those of its manifest, and which may be served here; else RefusedError."""
    opened = open_bundle(folder, options.digest)
    if options.release:
        require_release(options.release, options.keys, bundle=opened.digest, environment=options.environment)
    return opened


async def _serve(options: Options, library: Library, opened: Sequence[Opened], door: Door, isolation: str) -> None:
    loop = asyncio.get_running_loop()
    stop = _Stop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.tell, number)
    shelf = Shelf(lambda bundle: Model(bundle, runtime_of(bundle, options.python), options.limits))
    control = Control(library, shelf, partial(_admitted, options))
    recent = Recent()
    routes = Routes(shelf, control, recent=recent, draining=lambda: gate.draining)
    shelf.tell(routes.renew)
    limits = structs.replace(options.limits, connections=connections(options.limits.connections))
    gate = Gate(limits, routes.handle, routes.refused)
    await door.open(lambda: Connection(gate))
    ports, calls = {"port": door.port}, None
    if options.grpc_port is not None:
        calls = GrpcDoor(shelf, control, options.limits, recent=recent, draining=lambda: gate.draining)
        shelf.tell(calls.renew)
        ports["grpc_port"] = await calls.open(options.host, options.grpc_port)
    beat = asyncio.create_task(_beat(gate, shelf))
    try:
        if await _unless(stop.told, shelf.start(opened)):
            named = ", ".join(f"{each.manifest.model} {each.manifest.version}" for each in opened) or "no model yet"
            _say(f"{named} is ready on {options.host}:{' and gRPC on '.join(map(str, ports.values()))}")
            _write_ready(options, opened, ports, isolation)
            await stop.told.wait()
            await _drain(options, gate, door, calls, stop)
    finally:
        beat.cancel()
        await door.close()
        for connection in list(gate.open):
            connection.close()
        if calls:
            await calls.close()
        await shelf.stop()


class _Stop:
    """What was asked of the server by signals.  Ctrl-C is somebody at a terminal, who does not want to wait."""

    def __init__(self) -> None:
        self.told = asyncio.Event()
        self.at_terminal = False
        self.at_once = False

    def tell(self, number: signal.Signals) -> None:
        """A signal came; the second one means at once."""
        self.at_once = self.told.is_set()
        self.at_terminal = self.at_terminal or number == signal.SIGINT
        self.told.set()


async def _unless(told: asyncio.Event, starting: Coroutine[None, None, None]) -> bool:
    """Start the model; False when the server was told to stop before it was done."""
    start, stop = asyncio.ensure_future(starting), asyncio.ensure_future(told.wait())
    await asyncio.wait({start, stop}, return_when=asyncio.FIRST_COMPLETED)
    stop.cancel()
    if start.done():
        start.result()
        return True
    start.cancel()
    return False


async def _beat(gate: Gate, shelf: Shelf) -> None:
    """Once a second: the rate, connections over time, the date in every answer."""
    loop = asyncio.get_running_loop()
    while True:
        gate.fixed = f"Date: {formatdate(time.time(), usegmt=True)}\r\n".encode()
        gate.sweep(loop.time())
        for model in shelf:
            model.tick(loop.time())
        await asyncio.sleep(1)


async def _drain(options: Options, gate: Gate, door: Door, calls: GrpcDoor | None, stop: _Stop) -> None:
    """REST's connections and gRPC's calls, beside each other."""
    gate.draining = True
    quiet = options.drain_s if options.quiet_s is None else options.quiet_s
    if stop.at_terminal:
        quiet = min(quiet, _TERMINAL_S)
    _say(f"told to stop; serving on for at most {options.drain_s:g} s")
    drains = [drain(gate, door, seconds=options.drain_s, quiet=quiet, at_once=lambda: stop.at_once)]
    if calls:
        drains.append(calls.drain(quiet, options.drain_s, lambda: stop.at_once))
    await asyncio.gather(*drains)


def _write_ready(options: Options, opened: Sequence[Opened], ports: Mapping[str, int], isolation: str) -> None:
    """Tell whoever started us, in one piece; the digest where one bundle is served."""
    if options.ready_file is None:
        return
    said: dict[str, object] = {**ports, "pid": os.getpid(), "nonce": options.nonce}
    if isolation:
        said["isolation"] = isolation
    if len(opened) == 1:
        said["digest"] = opened[0].digest
    handle, name = tempfile.mkstemp(dir=options.ready_file.parent, prefix=".ready-")
    with os.fdopen(handle, "wb") as file:
        file.write(msgspec.json.encode(said))
    Path(name).replace(options.ready_file)


def _say(line: str) -> None:
    sys.stderr.write(f"headway serve: {line}\n")
    sys.stderr.flush()
