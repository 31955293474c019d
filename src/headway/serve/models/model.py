"""A served model: its runtime, its queue, its counters.  Ready when it has answered one ordinary row."""

import asyncio
from contextlib import suppress

from headway.serve.batching.answers import Answers
from headway.serve.batching.batch import Batcher, Job
from headway.serve.batching.rows import Layout, join
from headway.serve.batching.runtime import Runtime
from headway.serve.fault import Fault, RefusedError
from headway.serve.models.bundle import Opened
from headway.serve.models.warmup import ordinary_row
from headway.serve.options import Limits
from headway.serve.watch.binning import Binner
from headway.serve.watch.drift import Drift
from headway.serve.watch.metrics import Metrics

__all__ = ["Model"]

_LEAVE_S = 60.0


class Model:
    """One bundle being served; made inside the event loop."""

    def __init__(self, opened: Opened, runtime: Runtime, limits: Limits) -> None:
        self.manifest = opened.manifest
        self.digest = opened.digest
        self.runtime = runtime
        self.layout = Layout(opened.manifest.signature, runtime.largest)
        self.outputs = tuple(column.name for column in opened.manifest.signature.outputs)
        self.binner = Binner(opened.manifest, self.layout)
        self.drift = Drift(opened.manifest.summary, self.binner.summary)
        self.metrics = Metrics(opened.manifest.model, opened.manifest.version, self.drift.scores)
        self._batcher = Batcher(runtime, self.layout, limits, self.binner.add)
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
        self._batcher.submit(job)

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
