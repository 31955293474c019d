"""The model repository over REST: what is there, load, unload.  Open only where a folder of bundles was given."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from headway.serve.answering import Handler, fail, tell
from headway.serve.fault import Fault, RefusedError, unforeseen
from headway.serve.models.bundle import Opened
from headway.serve.models.library import Entry, Library
from headway.serve.models.shelf import Shelf
from headway.serve.wire.exchange import Exchange
from headway.serve.workers.words import Held, Order

__all__ = ["Control"]

Work = Coroutine[None, None, None]

_PATH = re.compile(r"/v2/repository/models/(?P<model>[^/]+)(/versions/(?P<version>[^/]+))?/(?P<wish>load|unload)")


class _Filter(Struct):
    ready: bool = False


class Control:
    """`admit` checks a bundle's folder and hands it opened; RefusedError when it must not be served.

    `everywhere` has an order carried out by every worker of the server, this one among them; none: there are no others.
    """

    def __init__(
        self,
        library: Library,
        shelf: Shelf,
        admit: Callable[[Path], Opened],
        everywhere: Callable[[Order], Awaitable[object]] | None = None,
    ) -> None:
        self._everywhere = everywhere or self.carry_out
        self._library = library
        self._shelf = shelf
        self._admit = admit
        self._failed: dict[Path, str] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def require(self) -> None:
        """Fault 403 where models are not loaded and unloaded on request."""
        if not self._library.open:
            raise Fault(403, "bundles are loaded and unloaded only by a server that was started with --models FOLDER")

    async def load(self, model: str, version: str = "") -> None:
        """Load the newest bundle of a name, or the one named; Fault 404 or 400 says why not."""
        await self._everywhere(Order("load", model, version))

    async def unload(self, model: str, version: str = "") -> None:
        """Take out a version, or all of a name; Fault 404 when none is loaded."""
        await self._everywhere(Order("unload", model, version))

    async def carry_out(self, order: Order) -> Sequence[Held]:
        """Do it in this process; what it holds then."""
        if order.verb == "load":
            await self._load(order.model, order.version)
        else:
            await self._shelf.take(order.model, order.version)
        return self.held()

    def held(self) -> Sequence[Held]:
        """The bundles that are loaded here."""
        return [Held(str(model.folder), model.digest) for model in self._shelf]

    async def _load(self, model: str, version: str) -> None:
        entry = await asyncio.to_thread(self._library.find, model, version)
        try:
            opened = await asyncio.to_thread(self._admit, entry.folder)
            await self._shelf.put(opened)
        except RefusedError as refusal:
            self._failed[entry.folder] = str(refusal)
            raise Fault(400, str(refusal)) from None
        self._failed.pop(entry.folder, None)

    async def listed(self, *, ready: bool = False) -> list[dict[str, str]]:
        """What is loaded or could be, each with its state; only what is ready, if asked."""
        entries = await asyncio.to_thread(self._library.entries)
        found = {(entry.model or entry.folder.name, entry.version): self._state(entry) for entry in entries}
        for model in self._shelf:  # a bundle's folder may be gone, and its model still answers
            found[model.manifest.model, model.manifest.version] = ("READY", "") if model.ready else ("LOADING", "")
        return [
            {"name": name, "version": version, "state": state, "reason": reason}
            for (name, version), (state, reason) in sorted(found.items())
            if not ready or state == "READY"
        ]

    def index(self, exchange: Exchange) -> None:
        """Answer with the list."""
        try:
            wanted = msgspec.json.decode(exchange.content() or b"{}", type=_Filter)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            raise Fault(400, f'the body is not {{"ready": true}} or empty: {error}') from None
        self._later(exchange, self._index(exchange, ready=wanted.ready))

    def change(self, path: str) -> Handler | None:
        """What a path asks for, if it is one of a change."""
        asked = _PATH.fullmatch(path)
        if asked is None:
            return None
        self.require()
        work = self.load if asked["wish"] == "load" else self.unload
        return lambda exchange: self._later(
            exchange, self._change(exchange, work(asked["model"], asked["version"] or ""))
        )

    async def _index(self, exchange: Exchange, *, ready: bool) -> None:
        tell(exchange, await self.listed(ready=ready))

    async def _change(self, exchange: Exchange, work: Work) -> None:
        await work
        tell(exchange, {})

    def _later(self, exchange: Exchange, work: Work) -> None:
        task = asyncio.get_running_loop().create_task(_answered(exchange, work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _state(self, entry: Entry) -> tuple[str, str]:
        return "UNAVAILABLE", entry.reason or self._failed.get(entry.folder, "not loaded")


async def _answered(exchange: Exchange, work: Work) -> None:
    try:
        await work
    except Fault as fault:
        fail(exchange, fault)
    except Exception:  # noqa: BLE001 - the outer border of a request: it becomes an answer and a line in the log
        fail(exchange, unforeseen())
