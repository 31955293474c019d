"""A served model: its runtime, its queue, its counters.  Ready when it has answered one ordinary row."""

import asyncio
import time
from contextlib import suppress

from headway.serve.batching.answers import Answers
from headway.serve.batching.batch import Batcher, Job
from headway.serve.batching.rows import Batch, Layout, join
from headway.serve.batching.runtime import Runtime
from headway.serve.fault import Fault, RefusedError
from headway.serve.models.bundle import Opened
from headway.serve.models.warmup import ordinary_row
from headway.serve.options import Limits
from headway.serve.records.event import Came
from headway.serve.records.recorder import Recorder
from headway.serve.watch.answered import Answered
from headway.serve.watch.binning import Binner
from headway.serve.watch.block import Block
from headway.serve.watch.drift import Drift
from headway.serve.watch.metrics import Metrics

__all__ = ["Model"]

_LEAVE_S = 60.0


class Model:
    """One bundle being served; made inside the event loop.  `block` is where the workers of a server count together.

    `recorder` is told of every prediction and label.
    """

    def __init__(
        self,
        opened: Opened,
        runtime: Runtime,
        limits: Limits,
        block: Block | None = None,
        recorder: Recorder | None = None,
    ) -> None:
        self._recorder = recorder
        self.recorded = recorder is not None
        self.manifest = opened.manifest
        self.digest = opened.digest
        self.folder = opened.folder
        self.runtime = runtime
        self.layout = Layout(opened.manifest.signature, runtime.largest)
        self.outputs = tuple(column.name for column in opened.manifest.signature.outputs)
        block = block or Block()
        self.binner = Binner(opened.manifest, self.layout, block, opened.digest)
        self.drift = Drift(opened.manifest.summary, self.binner.summary)
        self._batcher = Batcher(runtime, self.layout, limits, self._seen)
        self.metrics = Metrics(
            block,
            opened.manifest.model,
            opened.manifest.version,
            drift=self.drift.scores,
            waiting=self._batcher.waiting,
        )
        self.answered = Answered()
        self._warm = False
        self.leaving = False

    @property
    def ready(self) -> bool:
        """Loaded, warmed, and able to answer."""
        return self._warm and self.runtime.up

    async def start(self) -> None:
        """Load, and answer one ordinary row; RefusedError when either fails."""
        await self.runtime.start()
        told: asyncio.Future[Answers | Fault] = asyncio.get_running_loop().create_future()
        self.runtime.run(join(self.layout, [ordinary_row(self.manifest, self.layout)]), told.set_result)
        result = await told
        if isinstance(result, Fault):
            raise RefusedError(f"the model loads and does not answer an ordinary row: {result.message}")
        self._warm = True

    def submit(self, job: Job) -> None:
        """Have a job answered; Fault 503 when that cannot be now."""
        if not self._warm:
            raise Fault(503, "the model is being loaded", retry_s=1)
        if self._recorder is not None:
            self._recorder.follow(job, self.manifest, self.layout, self.metrics.record)
        self._batcher.submit(job)

    def label(self, identity: str, row: int, label: str | float, *, known: bool) -> bool:
        """Have a label recorded, where predictions are; whether it is."""
        if self._recorder is None:
            return False
        came = Came(id=identity, row=row, label=label, known=known, at_s=time.time(), manifest=self.manifest)
        return self._recorder.label(came, self.metrics.record)

    def tick(self, now: float) -> None:
        """Once a second (`now` by any steady clock)."""
        self.binner.tick()
        self.drift.tick(now)
        self.metrics.tick()

    async def leave(self) -> None:
        """Answer what was asked, then end; nothing new comes, for no path leads here any more."""
        self.leaving = True
        with suppress(TimeoutError):
            await asyncio.wait_for(self._batcher.done(), _LEAVE_S)
        await self.stop()

    async def stop(self) -> None:
        """End the runtime."""
        self._warm = False
        await self.runtime.stop()
        self.binner.close()
        self.metrics.close()

    def _seen(self, batch: Batch, answers: Answers) -> None:
        self.binner.add(batch, answers)
        self.metrics.batch(batch.count)
