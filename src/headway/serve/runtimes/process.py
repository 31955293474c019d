"""The runtime `python`: the model in a process of the team's own environment, restarted with back-off when it dies."""

import asyncio
import json
import os
import struct
import time
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from headway.evidence.bundle import classes_of
from headway.serve.batching.answers import Answers, answers_of
from headway.serve.batching.rows import Batch
from headway.serve.batching.runtime import Done
from headway.serve.fault import Fault, RefusedError
from headway.serve.models.bundle import Opened
from headway.serve.runtimes import worker

__all__ = ["ProcessRuntime"]

# A path known before the event loop runs.
_WORKER = str(Path(worker.__file__).resolve())
_LENGTHS = struct.Struct(">II")
_LOAD_S = 120.0
_ANSWER_S = 60.0
_END_S = 2.0
_FIRST_S, _MOST_S, _LASTS_S = 0.2, 30.0, 60.0
_MOST_BYTES = 256 * 2**20
# One request must not fan out over every core; teams override it with the same names.
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class _GoneError(Exception):
    """The process ended, or its words cannot be understood any more."""


class ProcessRuntime:
    """One worker process, one batch at a time: what comes meanwhile waits in the queue and goes together."""

    platform = "python"

    def __init__(self, opened: Opened, python: str) -> None:
        self._opened = opened
        self._manifest = opened.manifest
        self._python = python
        self.largest = float(np.finfo(np.float64).max)
        self.up = False
        self.free = False
        self._process: asyncio.subprocess.Process | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._wait_s = _FIRST_S
        self._ending = False

    async def start(self) -> None:
        """Start the worker and let it load; RefusedError tells what went wrong there."""
        try:
            await self._launch()
        except _GoneError as error:
            raise RefusedError(f"the model does not load: {error}") from None

    def run(self, batch: Batch, done: Done) -> None:
        """Ask the worker; `done` is called when it answered, or died."""
        self.free = False
        self._later(self._ask(batch, done))

    async def stop(self) -> None:
        """Close the worker's pipe, which ends it, and kill it when that does not."""
        self._ending, self.up, self.free = True, False, False
        for task in list(self._tasks):
            task.cancel()
        await self._end()

    async def _launch(self) -> None:
        command = [self._python, "-B", _WORKER]
        environment = {**dict.fromkeys(_THREADS, "1"), **os.environ}
        try:
            self._process = await asyncio.create_subprocess_exec(
                *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, env=environment
            )
        except OSError as error:
            raise _GoneError(f"{self._python} cannot be run ({error.strerror})") from None
        try:
            async with asyncio.timeout(_LOAD_S):
                said, _ = await self._exchange(self._told(), b"")
        except TimeoutError:
            await self._end()
            raise _GoneError(f"not loaded within {_LOAD_S:g} s") from None
        if "error" in said:
            await self._end()
            raise _GoneError(str(said["error"]))
        self.up = self.free = True
        self._later(self._watch(self._process))

    def _told(self) -> dict[str, Any]:
        manifest, folder = self._manifest, self._opened.folder
        # Code lies as it lay in the model's folder; files in folders of their own are found as scripts beside them are.
        places = dict.fromkeys([folder, *((folder / name).parent for name in (*manifest.code, manifest.predict or ""))])
        return {
            "folder": str(folder),
            "paths": [str(place) for place in places],
            "entry": manifest.entry,
            "predict": manifest.predict,
            "task": manifest.task,
            "classes": manifest.classes,
            "positive": manifest.positive,
            "columns": [{"name": column.name, "type": column.type} for column in manifest.signature.inputs],
            "outputs": [
                {"name": column.name, "classes": classes_of(manifest, column)} for column in manifest.signature.outputs
            ],
        }

    async def _exchange(self, header: dict[str, Any], numbers: bytes) -> tuple[dict[str, Any], bytes]:
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise _GoneError("the model's process is not there")
        head = json.dumps(header).encode()
        try:
            process.stdin.write(_LENGTHS.pack(len(head), len(numbers)) + head + numbers)
            await process.stdin.drain()
            sizes = _LENGTHS.unpack(await process.stdout.readexactly(_LENGTHS.size))
            if sum(sizes) > _MOST_BYTES:
                raise _GoneError("the model's process answered too much")
            said: dict[str, Any] = json.loads(await process.stdout.readexactly(sizes[0]))
            return said, await process.stdout.readexactly(sizes[1])
        except (OSError, EOFError, ValueError) as error:
            raise _GoneError(f"the model's process ended ({type(error).__name__})") from None

    async def _ask(self, batch: Batch, done: Done) -> None:
        try:
            async with asyncio.timeout(_ANSWER_S):
                said, numbers = await self._exchange(
                    {"rows": batch.count, "texts": batch.texts}, batch.numbers.tobytes()
                )
            result = self._understood(batch.count, said, numbers)
        except (_GoneError, TimeoutError):
            self.up = False
            self._kill()  # hung rather than dead, perhaps; `_watch` sees to the rest
            result = Fault(503, "the model's process ended while it was asked; it is being restarted", retry_s=1)
        else:
            self.free = True
        done(result)

    def _understood(self, count: int, said: dict[str, Any], numbers: bytes) -> Answers | Fault:
        if "error" in said:
            if said.get("refused"):
                return Fault(422, f"the model refused these rows: {said['error']}", shared=True)
            return Fault(500, f"the model failed on these rows: {said['error']}", shared=True)
        arrays, place = {}, 0
        for name, (rows, width) in said["shapes"].items():
            size = rows * width
            arrays[name] = np.frombuffer(numbers, np.float64, size, place).reshape(rows, width)
            place += size * 8
        return answers_of(self._manifest, count, said["labels"], arrays)

    async def _watch(self, process: asyncio.subprocess.Process) -> None:
        """Replace this worker when it ends, asked or idle, after a wait that doubles; one that lasted sets it back."""
        begun = time.monotonic()
        await process.wait()
        if self._process is not process:
            return
        self._process, self.up, self.free = None, False, False
        if time.monotonic() - begun > _LASTS_S:
            self._wait_s = _FIRST_S
        while not self._ending:
            await asyncio.sleep(self._wait_s)
            self._wait_s = min(self._wait_s * 2, _MOST_S)
            with suppress(_GoneError):
                await self._launch()
                return

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin:
            process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), _END_S)
        except TimeoutError:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    def _kill(self) -> None:
        if self._process:
            with suppress(ProcessLookupError):
                self._process.kill()

    def _later(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
