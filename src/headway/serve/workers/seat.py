"""A worker's place among the workers of a server: its counters, its line to the parent."""

import asyncio
import signal
import traceback
from collections.abc import Awaitable, Callable, Sequence
from itertools import count

import msgspec

from headway.serve.fault import Fault
from headway.serve.watch.block import Block
from headway.serve.workers.words import (
    Ask,
    Did,
    Do,
    Done,
    FromParent,
    Go,
    Held,
    Line,
    Order,
    Ready,
    Refused,
    Stop,
    Went,
)

__all__ = ["Seat"]

_decode = msgspec.json.Decoder(FromParent).decode


class Seat:
    """Given to a worker when it is forked.

    `held` is None for those that the server begins with.  One that comes later serves what the others hold, and comes
    to the port only when it can answer.
    """

    def __init__(self, *, block: Block, line: Line, held: Sequence[Held] | None = None) -> None:
        self.block = block
        self.held = held
        self.together = False  # all workers can answer, or could once
        self._line = line
        self._stopped = False
        self._numbers = count()
        self._asked: dict[int, asyncio.Future[Done]] = {}
        self._orders: asyncio.Queue[Order] = asyncio.Queue()

    def listen(self, stop: Callable[[signal.Signals], None], hurry: Callable[[], None]) -> None:
        """Hear the parent from now on: `stop` drains, `hurry` ends a drain.  A parent that died stops it, too."""
        self._clients = self.block.region("clients", 1)

        def heard() -> None:
            try:
                for line in self._line.heard():
                    hear(_decode(line))
            except EOFError:
                asyncio.get_running_loop().remove_reader(self._line.end)
                hear(Stop(signal.SIGINT))

        def hear(word: FromParent) -> None:
            match word:
                case Go():
                    self.together = True
                    self._line.say(Went())
                case Stop() if self._stopped:
                    hurry()
                case Stop():
                    self._stopped = True
                    stop(signal.Signals(word.signal))
                case Do():
                    self._orders.put_nowait(word.order)
                case Done():
                    self._asked.pop(word.number).set_result(word)

        asyncio.get_running_loop().add_reader(self._line.end, heard)

    def crowded(self, clients: int) -> bool:
        """Has one of the others fewer clients than this one, which has so many?  A dead one has as many as it had."""
        self._clients.own[0] = clients
        return clients > min(words[0] for words in self._clients.parts())

    def ready(self, said: dict[str, object], held: Sequence[Held]) -> None:
        """Tell the parent that this worker can answer, and what it serves."""
        self._line.say(Ready(said, tuple(held)))

    def refuse(self, why: str) -> None:
        """Tell the parent that this worker will not serve."""
        self._line.say(Refused(why))

    async def obey(self, carry_out: Callable[[Order], Awaitable[Sequence[Held]]]) -> None:
        """Carry out orders for ever, one after the other; `carry_out` says what is held after it."""
        while True:
            order = await self._orders.get()
            try:
                held = await carry_out(order)
            except Fault as fault:
                self._line.say(Did((), fault.status, fault.message))
            except Exception:  # noqa: BLE001 - the outer border of a request: it becomes an answer and a line in the log
                traceback.print_exc()
                self._line.say(Did((), 500, "a worker failed on this; the log says more"))
            else:
                self._line.say(Did(tuple(held)))

    async def ask(self, order: Order) -> None:
        """Have every worker carry it out; Fault is what the first of them said that could not."""
        number = next(self._numbers)
        self._asked[number] = asyncio.get_running_loop().create_future()
        self._line.say(Ask(number, order))
        done = await self._asked[number]
        if done.fault:
            raise Fault(done.status, done.fault)
