"""The life of a server: check, listen, load, say ready; at SIGTERM drain and leave.

Drain means: not ready at once, serve on with `Connection: close`, and leave when no connection was open for a while.
"""

import asyncio
import os
import signal
import sys
import tempfile
import time
from collections.abc import Coroutine
from email.utils import formatdate
from pathlib import Path

import msgspec

from headway.serve.bundle import Opened, open_bundle
from headway.serve.connection import Connection, Gate
from headway.serve.fault import RefusedError
from headway.serve.model import Model, runtime_of
from headway.serve.options import Options
from headway.serve.release import require_release
from headway.serve.routes import Routes

__all__ = ["serve"]

_TICK_S = 0.05
_BACKLOG = 1024
_LAST_S = 0.5  # of a drain: no new connections, what is under way is finished


def serve(options: Options) -> None:
    """Serve until told to stop; RefusedError when the bundle must not be served."""
    opened = open_bundle(options.bundle.resolve(), options.digest)
    if options.release:
        require_release(options.release, options.keys, bundle=opened.digest, environment=options.environment)
    try:
        import uvloop  # noqa: PLC0415 - optional, and a third of the speed
    except ImportError:
        asyncio.run(_serve(options, opened))
    else:
        uvloop.run(_serve(options, opened))


async def _serve(options: Options, opened: Opened) -> None:
    loop = asyncio.get_running_loop()
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    model = Model(opened, runtime_of(opened, options.python), options.limits)
    routes = Routes(model, draining=lambda: gate.draining)
    gate = Gate(options.limits, routes.handle, routes.refused)
    try:
        listener = await loop.create_server(lambda: Connection(gate), options.host, options.port, backlog=_BACKLOG)
    except OSError as error:
        raise RefusedError(f"cannot listen on {options.host}:{options.port}: {error.strerror}") from None
    port = int(listener.sockets[0].getsockname()[1])
    beat = asyncio.create_task(_beat(gate, model))
    try:
        if await _unless(told, model.start()):
            _say(f"{opened.manifest.model} {opened.manifest.version} is ready on {options.host}:{port}")
            _write_ready(options, opened, port)
            await told.wait()
            await _drain(options, gate, listener)
    finally:
        beat.cancel()
        listener.close()
        for connection in list(gate.open):
            connection.close()
        await model.stop()


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


async def _beat(gate: Gate, model: Model) -> None:
    """Once a second: the rate, connections over time, the date in every answer."""
    loop = asyncio.get_running_loop()
    version = f"headway-version: {model.manifest.version}\r\n".encode("latin-1", "replace")
    while True:
        gate.fixed = version + f"Date: {formatdate(time.time(), usegmt=True)}\r\n".encode()
        gate.sweep(loop.time())
        model.metrics.tick()
        await asyncio.sleep(1)


async def _drain(options: Options, gate: Gate, listener: asyncio.Server) -> None:
    loop = asyncio.get_running_loop()
    begin = loop.time()
    gate.draining = True
    last, busy = begin + options.drain_s, begin
    close_at = max(last - _LAST_S, begin + options.drain_s / 2)
    _say(f"told to stop; serving on for at most {options.drain_s:g} s")
    while (now := loop.time()) < last:
        for connection in list(gate.open):
            if connection.idle(now) > options.quiet_s or (now >= close_at and connection.idle(now)):
                connection.close()
        busy = now if gate.open else busy
        if now >= close_at:
            listener.close()
        if not gate.open and (now >= close_at or now - busy >= options.quiet_s):
            break
        await asyncio.sleep(_TICK_S)


def _write_ready(options: Options, opened: Opened, port: int) -> None:
    """Tell whoever started us, in one piece."""
    if options.ready_file is None:
        return
    said = {"port": port, "pid": os.getpid(), "nonce": options.nonce, "digest": opened.digest}
    handle, name = tempfile.mkstemp(dir=options.ready_file.parent, prefix=".ready-")
    with os.fdopen(handle, "wb") as file:
        file.write(msgspec.json.encode(said))
    Path(name).replace(options.ready_file)


def _say(line: str) -> None:
    sys.stderr.write(f"headway serve: {line}\n")
    sys.stderr.flush()
