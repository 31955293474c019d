"""Long work beside the loop: started once a key, asked after at every pass, so that no training delays a retreat."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

from msgspec import Struct

__all__ = ["Done", "Failed", "Jobs", "Running"]

T = TypeVar("T")


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
    """Jobs by key.  A job's outcome is handed out once and then forgotten: what lasts is in the record or the cache."""

    def __init__(self, workers: int = 1) -> None:
        self._pool = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="headway-job")
        self._jobs: dict[str, tuple[float, Future[object]]] = {}

    def ensure(self, key: str, work: Callable[[], T], now: float) -> "Running | Done[T] | Failed":
        """Start the work unless it runs; its outcome once it has ended."""
        if key not in self._jobs:
            self._jobs[key] = (now, self._pool.submit(work))
        since, future = self._jobs[key]
        if not future.done():
            return Running(since=since)
        del self._jobs[key]
        error = future.exception()
        if error is None:
            return Done(value=future.result())  # type: ignore[arg-type]  # the key names the work, so T is its type
        if isinstance(error, Exception):
            return Failed(error=error)
        raise error

    def running(self) -> dict[str, float]:
        """Keys of jobs that have not been fetched yet, with their start."""
        return {key: since for key, (since, _) in self._jobs.items()}

    def close(self) -> None:
        """Take no more work; what runs is ended by its own process group when this process ends."""
        self._pool.shutdown(wait=False, cancel_futures=True)
