"""Long work beside the loop: started once a key, asked after at every pass, so that no training delays a retreat."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

from msgspec import Struct

__all__ = ["Done", "Failed", "Jobs", "Running"]

T = TypeVar("T")

FIRST_PAUSE_S = 1.0
MOST_PAUSE_S = 60.0


class Running(Struct, frozen=True, kw_only=True):
    """Still at work since (Unix seconds)."""

    since: float


class Done(Struct, Generic[T], frozen=True, kw_only=True):
    """It ended with a value."""

    value: T


class Failed(Struct, frozen=True, kw_only=True):
    """It ended with an error that is no result of the work itself."""

    error: Exception


class _Fault(Struct, frozen=True, kw_only=True):
    """How a job failed last; it rests for `pause` seconds, until `after` (Unix seconds)."""

    error: Exception
    pause: float
    after: float


class Jobs:
    """Jobs by key.  A job's outcome is handed out once and then forgotten: what lasts is in the record or the cache.

    What failed is tried again, after a longer pause each time, and stands as failed until it went well.
    """

    def __init__(self, workers: int = 1) -> None:
        self._pool = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="headway-job")
        self._jobs: dict[str, tuple[float, Future[object]]] = {}
        self._faults: dict[str, _Fault] = {}

    def ensure(self, key: str, work: Callable[[], T], now: float) -> "Running | Done[T] | Failed":
        """Start the work unless it runs or rests after a failure; its outcome once it has ended."""
        fault = self._faults.get(key)
        if key not in self._jobs:
            if fault and now < fault.after:
                return Failed(error=fault.error)
            self._jobs[key] = (now, self._pool.submit(work))
        since, future = self._jobs[key]
        if not future.done():
            return Failed(error=fault.error) if fault else Running(since=since)
        del self._jobs[key]
        error = future.exception()
        if error is None:
            self._faults.pop(key, None)
            return Done(value=future.result())  # type: ignore[arg-type]  # the key names the work, so T is its type
        if isinstance(error, Exception):
            pause = min(2 * fault.pause, MOST_PAUSE_S) if fault else FIRST_PAUSE_S
            self._faults[key] = _Fault(error=error, pause=pause, after=now + pause)
            return Failed(error=error)
        raise error

    def running(self) -> dict[str, float]:
        """Keys of jobs that have not been fetched yet, with their start."""
        return {key: since for key, (since, _) in self._jobs.items()}

    def close(self) -> None:
        """Take no more work; what runs is ended by its own process group when this process ends."""
        self._pool.shutdown(wait=False, cancel_futures=True)
