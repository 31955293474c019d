"""The parent of `--workers N`: forks workers onto one port, replaces the dead, passes orders on, ends them all.

It answers no request and loads no model, so there is little that could break it.  When it dies, its workers drain.
"""

import os
import selectors
import signal
import socket
import sys
import time
import traceback
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import FrameType

import msgspec
from msgspec import Struct

from headway.serve.fault import RefusedError
from headway.serve.ready import say
from headway.serve.watch.block import Block
from headway.serve.workers.seat import Seat
from headway.serve.workers.words import Ask, Did, Do, Done, FromWorker, Go, Held, Line, Ready, Refused, Stop, Went

__all__ = ["keep"]

# A worker that dies is replaced after a wait that doubles; one that lasted sets it back.
_FIRST_S, _MOST_S, _LASTS_S = 0.1, 30.0, 60.0
_OVERTIME_S = 15.0  # beyond a drain's end; who is not gone then is killed

_decode = msgspec.json.Decoder(FromWorker).decode


class _Worker(Struct, eq=False):
    """A process: which arena of the counters is its own, the line to it, since when (monotonic seconds)."""

    at: int
    pid: int
    line: Line
    begun: float
    can: bool = False
    says: bool = False


class _Asked(Struct, eq=False):
    """An order under way: who asked under which number, who has not answered, who did it, who could not."""

    worker: _Worker
    number: int
    left: set[int]
    held: tuple[Held, ...] | None = None
    failed: dict[int, Did] = {}


def keep(
    listener: socket.socket,
    workers: int,
    work: Callable[[Seat], None],
    *,
    ready: Callable[[Mapping[str, object]], None],
    drain_s: float,
) -> None:
    """Keep so many workers at `work` until told to stop by SIGTERM or SIGINT, and all have drained.

    `ready` is called once, when all say that they are.  RefusedError: one would not start, or one did not end well.
    """
    with selectors.DefaultSelector() as selector:
        _Parent(listener, workers, work, ready, drain_s, selector).run()


class _Parent:
    def __init__(
        self,
        listener: socket.socket,
        workers: int,
        work: Callable[[Seat], None],
        ready: Callable[[Mapping[str, object]], None],
        drain_s: float,
        selector: selectors.BaseSelector,
    ) -> None:
        self._listener = listener
        self._work = work
        self._ready = ready
        self._drain_s = drain_s
        self._selector = selector
        self._block = Block(workers)
        self._workers: dict[int, _Worker] = {}
        self._due = dict.fromkeys(range(workers), 0.0)  # when a place is to be filled
        self._wait_s = [_FIRST_S] * workers
        self._together = False  # all can answer, or could once
        self._told = False  # and whoever started us knows
        self._until: float | None = None  # of a drain
        self._trouble = ""
        self._held: tuple[Held, ...] = ()
        self._queue: deque[tuple[_Worker, Ask]] = deque()
        self._now: _Asked | None = None

    def run(self) -> None:
        """Until the last worker is gone."""
        heard, told = socket.socketpair()
        for end in (heard, told):
            end.setblocking(False)  # noqa: FBT003 - the socket's own signature
        self._signals = (heard, told)
        self._selector.register(heard, selectors.EVENT_READ, self._signalled)
        signal.set_wakeup_fd(told.fileno())
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _noticed)
        while self._workers or (self._due and self._until is None):
            self._fill()
            for key, _ in self._selector.select(self._patience()):
                key.data()
            self._overtime()
        if self._trouble:
            raise RefusedError(self._trouble)

    # Workers come and go.

    def _fill(self) -> None:
        if self._until is None and self._now is None:  # who comes in the middle of an order would miss it
            for at in [at for at, due in self._due.items() if due <= time.monotonic()]:
                del self._due[at]
                self._fork(at)

    def _fork(self, at: int) -> None:
        mine, its = socket.socketpair()
        seat = Seat(
            block=self._block,
            line=Line(its),
            held=self._held if self._together else None,
        )
        pid = os.fork()
        if not pid:
            mine.close()
            os._exit(self._child(at, seat))
        its.close()
        worker = _Worker(at=at, pid=pid, line=Line(mine), begun=time.monotonic())
        self._workers[at] = worker
        self._selector.register(mine, selectors.EVENT_READ, lambda: self._hear(worker))

    def _child(self, at: int, seat: Seat) -> int:
        """The forked process's life; its exit code."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all; the parent says what follows
        self._selector.close()
        # An end that lives on in a sibling would keep the others from noticing that the parent died.
        for end in (*self._signals, *(worker.line.end for worker in self._workers.values())):
            end.close()
        self._block.mine = at
        try:
            self._work(seat)
        except RefusedError as refusal:
            seat.refuse(str(refusal))
            return 1
        except BaseException:  # noqa: BLE001 - the border of a process: it becomes its last words
            traceback.print_exc()
            return 1
        finally:
            sys.stderr.flush()
        return 0

    def _gone(self, worker: _Worker) -> None:
        self._selector.unregister(worker.line.end)
        worker.line.end.close()
        del self._workers[worker.at]
        code = os.waitstatus_to_exitcode(os.waitpid(worker.pid, 0)[1])
        self._answered(worker, None)
        if self._until is not None:
            if code and worker.can:
                self._fail(f"worker {worker.pid} ended with {code} while it drained")
        elif not self._together:
            self._fail(f"a worker ended with {code} before it was ready")
            self._stop(signal.SIGINT)
        else:
            if time.monotonic() - worker.begun > _LASTS_S:
                self._wait_s[worker.at] = _FIRST_S
            wait_s = self._wait_s[worker.at]
            self._wait_s[worker.at] = min(wait_s * 2, _MOST_S)
            self._due[worker.at] = time.monotonic() + wait_s
            say(f"worker {worker.pid} ended with {code}; another takes its place in {wait_s:g} s")

    def _fail(self, why: str) -> None:
        self._trouble = self._trouble or why

    # What is heard.

    def _hear(self, worker: _Worker) -> None:
        try:
            for line in worker.line.heard():
                self._understand(worker, _decode(line))
        except EOFError:
            self._gone(worker)

    def _understand(self, worker: _Worker, word: FromWorker) -> None:
        match word:
            case Ready():
                worker.can = True
                self._can(word)
            case Went():
                worker.says = True
                self._says()
            case Refused() if self._together:
                say(word.why)
            case Refused():
                self._fail(word.why)
            case Ask():
                self._queue.append((worker, word))
                self._next_order()
            case Did():
                self._answered(worker, word)

    def _can(self, word: Ready) -> None:
        """Let all that can answer say so, once every one of the first can."""
        if not self._together and not self._due and all(worker.can for worker in self._workers.values()):
            self._together, self._held, self._said = True, word.held, word.said
        if self._together:
            for worker in self._workers.values():
                if worker.can and not worker.says:
                    worker.line.say(Go())

    def _says(self) -> None:
        if not self._told and all(worker.says for worker in self._workers.values()):
            self._told = True
            self._ready(self._said)

    # Orders: one at a time, to all.

    def _next_order(self) -> None:
        if self._now is None and self._queue:
            worker, ask = self._queue.popleft()
            self._now = _Asked(worker, ask.number, set(self._workers))
            for other in self._workers.values():
                other.line.say(Do(ask.order))

    def _answered(self, worker: _Worker, did: Did | None) -> None:
        """One is through with the order under way, or is no more."""
        now = self._now
        if now is None:
            return
        now.left.discard(worker.at)
        if did and did.fault:
            now.failed[worker.at] = did
        elif did:
            now.held = did.held
        if now.left:
            return
        fault = next(iter(now.failed.values()), Did())
        now.worker.line.say(Done(now.number, fault.status, fault.fault))
        if now.held is not None:
            self._held = now.held
            for at in now.failed:  # who could not do what others could makes room for one that holds what they hold
                self._workers[at].line.say(Stop(signal.SIGTERM))
        self._now = None
        self._next_order()

    # The end.

    def _signalled(self) -> None:
        with suppress(BlockingIOError):
            for number in self._signals[0].recv(64):
                if number in {signal.SIGTERM, signal.SIGINT}:
                    say(f"told to stop; {len(self._workers)} workers serve on for at most {self._drain_s:g} s")
                    self._stop(signal.Signals(number))

    def _stop(self, number: signal.Signals) -> None:
        if self._until is None:
            self._until = time.monotonic() + self._drain_s + _OVERTIME_S
        self._listener.close()  # the workers' own copies keep the port until they have taken in who waits there
        for worker in self._workers.values():
            worker.line.say(Stop(number))

    def _patience(self) -> float | None:
        ends = [*self._due.values()] if self._until is None else [self._until]
        return max(0.0, min(ends) - time.monotonic()) if ends else None

    def _overtime(self) -> None:
        if self._until is not None and time.monotonic() > self._until:
            for worker in self._workers.values():
                with suppress(ProcessLookupError):
                    os.kill(worker.pid, signal.SIGKILL)


def _noticed(_number: int, _frame: FrameType | None) -> None:
    """The wake-up socket says which signal it was; Python asks for a handler all the same."""
