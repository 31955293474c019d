"""The life of a server: check, listen, load, say ready; at SIGTERM drain and leave.

Drain means: not ready at once, serve on with `Connection: close`, and leave when no connection was open for a while.
"""

import asyncio
import gc
import signal
import socket
import time
from collections.abc import Coroutine, Sequence
from email.utils import formatdate
from functools import partial
from pathlib import Path

from msgspec import structs

from headway.serve.cage.sandbox import Seal
from headway.serve.control import Control
from headway.serve.fault import RefusedError
from headway.serve.grpc.server import GrpcDoor
from headway.serve.models.bundle import Opened, open_bundle
from headway.serve.models.library import Library
from headway.serve.models.model import Model
from headway.serve.models.release import require_release
from headway.serve.models.shelf import Shelf
from headway.serve.options import Options
from headway.serve.ready import ready, say
from headway.serve.records.start import recorder_of
from headway.serve.routes import Routes
from headway.serve.runtimes.choice import runtime_of
from headway.serve.watch.block import Block
from headway.serve.watch.recent import SLOTS, Recent, Table
from headway.serve.wire.busy_poll import BusyPoll
from headway.serve.wire.connection import Connection
from headway.serve.wire.descriptors import connections
from headway.serve.wire.door import Door
from headway.serve.wire.drain import drain
from headway.serve.wire.gate import Gate
from headway.serve.workers.seat import Seat

__all__ = ["serve"]

_LATE_S = 3.0  # a process that stood still has not read yet what its clients sent meanwhile
_TERMINAL_S = 0.05  # without a client, for somebody who pressed Ctrl-C


def serve(options: Options, listening: socket.socket, seat: Seat | None = None, seal: Seal = str) -> None:
    """Serve until told to stop, alone or in a seat among others; RefusedError when a bundle must not be served.

    `listening` is where clients come in; `seal` is called when every port is open, and says what this process gave up.
    """
    library = Library(options.bundles, options.models)
    opened = _opened(options, library, seat)
    try:
        import uvloop  # noqa: PLC0415 - optional, and a third of the speed
    except ImportError:
        asyncio.run(_serve(options, library, opened, Door(listening), seat, seal))
    else:
        uvloop.run(_serve(options, library, opened, Door(listening), seat, seal))


def _opened(options: Options, library: Library, seat: Seat | None) -> list[Opened]:
    """What is served from the start; of a worker that comes later, what the others serve, to the byte."""
    if seat is None or seat.held is None:
        return [_admitted(options, entry.folder) for entry in library.entries()]
    found = []
    for held in seat.held:
        opened = _admitted(options, Path(held.folder))
        if opened.digest != held.digest:
            raise RefusedError(f"{held.folder} is not what the other workers have loaded from it; load it again")
        found.append(opened)
    return found


def _admitted(options: Options, folder: Path) -> Opened:
    """A bundle whose bytes are those of its manifest, and which may be served here; else RefusedError."""
    opened = open_bundle(folder, options.digest)
    if options.release:
        require_release(options.release, options.keys, bundle=opened.digest, environment=options.environment)
    return opened


async def _serve(
    options: Options, library: Library, opened: Sequence[Opened], door: Door, seat: Seat | None, seal: Seal
) -> None:
    loop = asyncio.get_running_loop()
    stop = _Stop()
    loop.add_signal_handler(signal.SIGTERM, stop.tell, signal.SIGTERM)
    if seat is None:
        loop.add_signal_handler(signal.SIGINT, stop.tell, signal.SIGINT)
    else:  # a terminal's SIGINT goes to all; the parent says what follows
        seat.listen(stop.begin, stop.hurry)
    block = seat.block if seat else Block()
    recorder = recorder_of(options.records, [each.manifest for each in opened])
    shelf = Shelf(lambda bundle: Model(bundle, runtime_of(bundle, options.python), options.limits, block, recorder))
    control = Control(library, shelf, partial(_admitted, options), seat.ask if seat else None)
    recent = Recent(_table(block, "predictions"), _table(block, "labels"))

    def draining() -> bool:
        """One that is asked in place of another must not say ready before that one is."""
        return gate.draining or not (seat is None or seat.together)

    routes = Routes(shelf, control, recent=recent, draining=draining, nonce=options.nonce)
    shelf.tell(routes.renew)
    limits = structs.replace(options.limits, connections=connections(options.limits.connections))
    poll = BusyPoll(loop, options.busy_poll_s) if options.busy_poll_s else None
    gate = Gate(limits, routes.handle, routes.refused, poll)
    calls = None
    if options.grpc_port is not None:
        calls = GrpcDoor(options, shelf, control, recent=recent, draining=draining, shared=seat is not None)
        shelf.tell(calls.renew)
    let_in = partial(_let_in, options, gate, door, calls, seat)
    await let_in(loaded=False)
    isolation = seal()
    beat = asyncio.create_task(_beat(gate, shelf))
    try:
        if await _unless(stop.told, shelf.start(opened)):
            gc.freeze()  # what is there now stays, and looking through it takes the collector some 10 ms each time
            await let_in(loaded=True)
            said = _said(options, opened, door, calls, isolation)
            if seat is None:
                ready(options, said)
                await stop.told.wait()
            else:
                seat.ready(said, control.held())
                await _unless(stop.told, seat.obey(control.carry_out))
            await _drain(options, gate, door, calls, stop)
    finally:
        beat.cancel()
        await door.close()
        for connection in list(gate.open):
            connection.close()
        if calls:
            await calls.close()
        await shelf.stop()
        if recorder is not None:
            recorder.close()


async def _let_in(
    options: Options, gate: Gate, door: Door, calls: GrpcDoor | None, seat: Seat | None, *, loaded: bool
) -> None:
    """Let clients in: before loading, who are told so; to one that comes in another's place only when it can answer.

    Behind a sandbox's seal no port can be listened on any more, so there gRPC's clients may wait at its door.
    """
    if calls and options.sandbox != "off":
        calls.listen()
    if not (loaded or seat is None or seat.held is None):
        return
    crowded = (lambda coming: seat.crowded(len(gate.open) + coming)) if seat else None
    await door.open(lambda: Connection(gate), crowded)
    if calls:
        await calls.open()


def _table(block: Block, what: str) -> Table:
    """Where every worker may look what any of them has noted."""
    region = block.region(what, SLOTS)
    return Table(region.own, region.parts)


def _said(
    options: Options, opened: Sequence[Opened], door: Door, calls: GrpcDoor | None, isolation: str
) -> dict[str, object]:
    """What whoever started this server is told: the line of the log, and what the ready file holds."""
    ports = {"port": door.port, **({"grpc_port": calls.port} if calls else {})}
    named = ", ".join(f"{each.manifest.model} {each.manifest.version}" for each in opened) or "no model yet"
    line = f"{named} is ready on {options.host}:{' and gRPC on '.join(map(str, ports.values()))}"
    said: dict[str, object] = {"line": line, **ports}
    if isolation:
        said["isolation"] = isolation
    if len(opened) == 1:
        said["digest"] = opened[0].digest
    return said


class _Stop:
    """What was asked of the server.  Ctrl-C is somebody at a terminal, who does not want to wait."""

    def __init__(self) -> None:
        self.told = asyncio.Event()
        self.at_terminal = False
        self.at_once = False
        self._signals = 0

    def tell(self, number: signal.Signals) -> None:
        """A signal came; the second one means at once."""
        self._signals += 1
        self.at_once = self.at_once or self._signals > 1
        self.begin(number)

    def begin(self, number: signal.Signals) -> None:
        """Drain, because of that signal; a worker may hear of one by itself and from its parent."""
        self.at_terminal = self.at_terminal or number == signal.SIGINT
        self.told.set()

    def hurry(self) -> None:
        """End the drain."""
        self.at_once = True


async def _unless(told: asyncio.Event, starting: Coroutine[None, None, None]) -> bool:
    """Do it; False when the server was told to stop before it was done."""
    start, stop = asyncio.ensure_future(starting), asyncio.ensure_future(told.wait())
    await asyncio.wait({start, stop}, return_when=asyncio.FIRST_COMPLETED)
    stop.cancel()
    if start.done():
        start.result()
        return True
    start.cancel()
    return False


async def _beat(gate: Gate, shelf: Shelf) -> None:
    """Once a second: what is counted, connections over time, the date in every answer."""
    loop = asyncio.get_running_loop()
    before = loop.time()
    while True:
        gate.fixed = f"Date: {formatdate(time.time(), usegmt=True)}\r\n".encode()
        now = loop.time()
        if now - before < _LATE_S:
            gate.sweep(now)
        before = now
        for model in shelf:
            model.tick(now)
        await asyncio.sleep(1)


async def _drain(options: Options, gate: Gate, door: Door, calls: GrpcDoor | None, stop: _Stop) -> None:
    gate.draining = True
    quiet = options.drain_s if options.quiet_s is None else options.quiet_s
    if stop.at_terminal:
        quiet = min(quiet, _TERMINAL_S)
    if options.workers == 1:
        say(f"told to stop; serving on for at most {options.drain_s:g} s")
    drains = [drain(gate, door, seconds=options.drain_s, quiet=quiet, at_once=lambda: stop.at_once)]
    if calls:
        drains.append(calls.drain(quiet, options.drain_s, lambda: stop.at_once))
    await asyncio.gather(*drains)
