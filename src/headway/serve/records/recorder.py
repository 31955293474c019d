"""Takes predictions and labels from the event loop, has a thread write them, never waits, counts what it lets go."""

import secrets
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from queue import Empty, SimpleQueue

from msgspec import Struct

from headway.evidence.bundle import Manifest
from headway.serve.batching.answers import Answers
from headway.serve.batching.batch import About, Job
from headway.serve.batching.rows import Layout
from headway.serve.fault import Fault
from headway.serve.ready import say
from headway.serve.records.event import Came, Hiding, Prediction, event, label_event, sampled
from headway.serve.records.sink import Sink, SinkError

__all__ = ["Note", "Recorder"]

# (reason or '' when it was written, how many)
Note = Callable[[str, int], None]

# Requests that wait for the thread may have so many bytes together; a record of its own may have fewer.
_WAITING_BYTES = 16 * 2**20
_ONE_BYTES = 2**20
_EACH_BYTES = 2048
_BATCH = 200
_GATHER_S = 0.3
_FIRST_S, _MOST_S = 0.5, 30.0
_END_S = 3.0


class _Waiting(Struct):
    made: Callable[[Hiding], bytes]
    weight: int
    note: Note


class Recorder:
    """Records a share of predictions, and their labels.  Make it where the event loop is; `close` at the end."""

    def __init__(self, sink: Sink, share: float, hiding: Hiding) -> None:
        self._sink = sink
        self._share = share
        self._hiding = hiding
        self._queue: SimpleQueue[_Waiting | None] = SimpleQueue()
        # Each is written by one side only, so their difference needs no lock.
        self._put_bytes = 0
        self._taken_bytes = 0
        self._ending = threading.Event()
        self._well = True
        self._thread = threading.Thread(target=self._run, name="records", daemon=True)
        self._thread.start()

    def follow(self, job: Job, manifest: Manifest, layout: Layout, note: Note) -> None:
        """Have a job's answer recorded when it is sampled; a client's own id decides, else one is drawn."""
        about = job.about or About()
        identity = about.id or secrets.token_hex(16)
        if not sampled(identity, self._share):
            return
        tell = job.done

        def done(result: Answers | Fault, start: int, stop: int) -> None:
            tell(result, start, stop)
            if not isinstance(result, Fault):
                prediction = Prediction(
                    id=identity,
                    about=about,
                    at_s=time.time(),
                    manifest=manifest,
                    layout=layout,
                    rows=job.rows,
                    answers=result,
                    start=start,
                    stop=stop,
                )
                self._take(_Waiting(partial(event, prediction), _weight(prediction), note))

        job.done = done

    def label(self, came: Came, note: Note) -> bool:
        """Have a label recorded, if its prediction is one that is; whether it is."""
        if not sampled(came.id, self._share):
            return False
        self._take(_Waiting(partial(label_event, came), _EACH_BYTES, note))
        return True

    def close(self) -> None:
        """Write what waits, for some seconds at most."""
        self._ending.set()
        self._queue.put(None)
        self._thread.join(_END_S)

    def _take(self, waiting: _Waiting) -> None:
        if waiting.weight > _ONE_BYTES:
            waiting.note("too_large", 1)
        elif self._put_bytes - self._taken_bytes > _WAITING_BYTES:
            waiting.note("queue_full", 1)
        else:
            self._put_bytes += waiting.weight
            self._queue.put(waiting)

    # The thread's own.

    def _run(self) -> None:
        open_ = True
        while open_:
            batch, open_ = self._gathered()
            if batch:
                self._write(batch)
                self._taken_bytes += sum(each.weight for each in batch)

    def _gathered(self) -> tuple[list[_Waiting], bool]:
        """Some that wait, once there are any; whether more may come."""
        first = self._queue.get()
        if first is None:
            return [], False
        batch, until = [first], time.monotonic() + _GATHER_S
        while len(batch) < _BATCH:
            try:
                each = self._queue.get(timeout=max(0.0, until - time.monotonic()))
            except Empty:
                break
            if each is None:
                return batch, False
            batch.append(each)
        return batch, True

    def _write(self, batch: Sequence[_Waiting]) -> None:
        """Write a batch, again and again where that may help, and note what became of it."""
        events, wait_s, reason = [each.made(self._hiding) for each in batch], _FIRST_S, ""
        while (problem := self._tried(events)) is not None:
            reason = problem or ("ended" if self._ending.wait(wait_s) else "")
            if reason:
                break
            wait_s = min(wait_s * 2, _MOST_S)
        for each in batch:
            each.note(reason, 1)

    def _tried(self, events: Sequence[bytes]) -> str | None:
        """None when they are written; else why they never will be, '' when they may be."""
        try:
            self._sink.write(events)
        except SinkError as error:
            self._say(well=False, line=f"records of predictions are lost or kept waiting: {error}")
            return error.reason
        self._say(well=True, line="records of predictions are written again")
        return None

    def _say(self, *, well: bool, line: str) -> None:
        """Say it once, when it changes."""
        if well != self._well:
            self._well = well
            say(line)


def _weight(prediction: Prediction) -> int:
    """Bytes that a waiting record holds, at a guess: its request, and what comes with every one."""
    return max(prediction.about.bytes, len(prediction.rows.numbers)) + _EACH_BYTES
