"""Long work beside the loop: started once a key, asked after at every pass, so that no training delays a retreat."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

from msgspec import Struct

__all__ = ["Done", "Failed", "Jobs", "Running"]

T = TypeVar("T")

# The longest that work waits after it failed, in seconds.
LONGEST_S = 60.0


class Running(Struct, frozen=True, kw_only=True):
    """Still at work since (Unix seconds)."""

    since: float


class Done(Struct, Generic[T], frozen=True, kw_only=True):
    """It ended with a value."""

    value: T


class Failed(Struct, frozen=True, kw_only=True):
    """It ended with an error that is no result of the work itself."""

    error: Exception


class Jobs:
    """Jobs by key.  A job's outcome is handed out once and then forgotten: what lasts is in the record or the cache.

    After an error the same work waits, longer after each in a row, and the error is the answer until then.
    """

    def __init__(self, workers: int = 1) -> None:
        self._pool = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="headway-job")
        self._jobs: dict[str, tuple[float, Future[object]]] = {}
        self._failed: dict[str, tuple[int, float, Exception]] = {}

    def ensure(self, key: str, work: Callable[[], T], now: float) -> "Running | Done[T] | Failed":
        """Start the work unless it runs; its outcome once it has ended."""
        times, after, error = self._failed.get(key, (0, 0.0, None))
        if error and now < after:
            return Failed(error=error)
        if key not in self._jobs:
            self._jobs[key] = (now, self._pool.submit(work))
        since, future = self._jobs[key]
        if not future.done():
            return Running(since=since)
        del self._jobs[key]
        fault = future.exception()
        if fault is None:
            self._failed.pop(key, None)
            return Done(value=future.result())  # type: ignore[arg-type]  # the key names the work, so T is its type
        if isinstance(fault, Exception):
            self._failed[key] = (times + 1, now + min(LONGEST_S, 2.0**times), fault)
            return Failed(error=fault)
        raise fault

    def running(self) -> dict[str, float]:
        """Keys of jobs that have not been fetched yet, with their start."""
        return {key: since for key, (since, _) in self._jobs.items()}

    def close(self) -> None:
        """Take no more work; what runs is ended by its own process group when this process ends."""
        self._pool.shutdown(wait=False, cancel_futures=True)
