"""Coalescing: the requests of one turn of the event loop become one model call.

No timer holds a request back, so a lone client never waits.  Only checked rows come here; when a model fails on a
batch, each request of it is tried alone, so that one bad request spoils no other.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from functools import partial

from msgspec import Struct

from headway.serve.batching.answers import Answers
from headway.serve.batching.rows import Batch, Layout, Rows, join
from headway.serve.batching.runtime import Runtime
from headway.serve.fault import Fault
from headway.serve.options import Limits

__all__ = ["About", "Batcher", "Job"]


class About(Struct, frozen=True, gc=False):
    """What a request says of itself: its id, its `traceparent`, and how many bytes it had."""

    id: str = ""
    trace: str = ""
    bytes: int = 0


class Job:
    """One request's rows, and whom to tell: `done(answers, first row, one past the last)`, or `done(fault, 0, 0)`.

    `about` is for the record of the prediction.
    """

    __slots__ = ("about", "alone", "done", "rows", "since")

    def __init__(
        self, rows: Rows, done: Callable[[Answers | Fault, int, int], None], about: About | None = None
    ) -> None:
        self.rows = rows
        self.done = done
        self.about = about
        self.alone = False
        self.since = 0.0


class Batcher:
    """A queue in front of one runtime; `seen` is told of every batch that was answered."""

    def __init__(
        self, runtime: Runtime, layout: Layout, limits: Limits, seen: Callable[[Batch, Answers], None]
    ) -> None:
        self._runtime = runtime
        self._layout = layout
        self._limits = limits
        self._seen = seen
        self._queue: deque[Job] = deque()
        self._rows = 0
        self._scheduled = False
        self._running = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._loop = asyncio.get_running_loop()

    async def done(self) -> None:
        """Until nothing is queued or being answered."""
        while self._queue or self._running:
            self._idle.clear()
            await self._idle.wait()

    def waiting(self) -> int:
        """Rows in the queue."""
        return self._rows

    def submit(self, job: Job) -> None:
        """Queue a job; Fault 503 when the model is away or the queue is full."""
        if not self._runtime.up:
            raise Fault(503, "the model is being restarted", retry_s=1)
        if self._rows and self._rows + job.rows.count > self._limits.queued_rows:
            raise Fault(503, "too many rows are waiting", retry_s=1, reason="queue_full")
        job.since = self._loop.time()
        self._queue.append(job)
        self._rows += job.rows.count
        self._schedule()

    def _schedule(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._scheduled = False
        if not self._runtime.free:
            return
        self._turn_away()
        if self._queue:
            jobs = self._take()
            batch = join(self._layout, [job.rows for job in jobs])
            self._running += 1
            self._runtime.run(batch, partial(self._finish, jobs, batch))
            if self._queue:  # the next batch waits for the next turn, so that probes and other clients get theirs
                self._schedule()
        elif not self._running:
            self._idle.set()

    def _turn_away(self) -> None:
        """Refuse those that waited too long: their clients gave up, and those behind them still hope."""
        oldest = self._loop.time() - self._limits.queued_s
        while self._queue and self._queue[0].since < oldest:
            job = self._queue.popleft()
            self._rows -= job.rows.count
            job.done(Fault(503, "its rows waited too long", retry_s=1, reason="waited_too_long"), 0, 0)

    def _take(self) -> list[Job]:
        queue, first = self._queue, self._queue.popleft()
        jobs, rows = [first], first.rows.count
        while queue and not (first.alone or queue[0].alone) and rows + queue[0].rows.count <= self._limits.batch_rows:
            rows += queue[0].rows.count
            jobs.append(queue.popleft())
        self._rows -= rows
        return jobs

    def _finish(self, jobs: list[Job], batch: Batch, result: Answers | Fault) -> None:
        self._running -= 1
        if isinstance(result, Fault):
            if result.shared and len(jobs) > 1:
                self._apart(jobs)
            else:
                for job in jobs if self._runtime.up else [*jobs, *self._drop()]:
                    job.done(result, 0, 0)
        else:
            self._seen(batch, result)
            start = 0
            for job in jobs:
                stop = start + job.rows.count
                job.done(result, start, stop)
                start = stop
        if self._queue:
            self._schedule()
        elif not self._idle.is_set():
            self._idle.set()

    def _drop(self) -> list[Job]:
        dropped = list(self._queue)
        self._queue.clear()
        self._rows = 0
        return dropped

    def _apart(self, jobs: list[Job]) -> None:
        for job in reversed(jobs):
            job.alone = True
            self._queue.appendleft(job)
            self._rows += job.rows.count
