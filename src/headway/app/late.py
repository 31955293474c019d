"""Ports behind large libraries (Polars, numpy), opened at their first use: who only looks needs none of them."""

from collections.abc import Callable
from functools import cache
from typing import TypeVar

from headway.evidence.measurement import Measurement
from headway.reconcile.ports import Assessor, DataFiles, MeasureJob, PortError, Trainer, TrainJob, TrainResult
from headway.spec.data import Data
from headway.spec.lock import Lock

__all__ = ["LateAssessor", "LateData", "LateTrainer"]

P = TypeVar("P")


class LateTrainer:
    """The port Trainer."""

    def __init__(self, open_: Callable[[], Trainer]) -> None:
        self._opened = _once(open_)

    def train(self, job: TrainJob) -> TrainResult:
        """As the port says."""
        return self._opened().train(job)


class LateAssessor:
    """The port Assessor."""

    def __init__(self, open_: Callable[[], Assessor]) -> None:
        self._opened = _once(open_)

    def measure(self, job: MeasureJob) -> Measurement:
        """As the port says."""
        return self._opened().measure(job)


class LateData:
    """The port DataFiles."""

    def __init__(self, open_: Callable[[], DataFiles]) -> None:
        self._opened = _once(open_)

    def lock(self, folder: str, data: Data) -> Lock:
        """As the port says."""
        return self._opened().lock(folder, data)

    def current(self, folder: str, data: Data, lock: Lock) -> bool:
        """As the port says."""
        return self._opened().current(folder, data, lock)


def _once(open_: Callable[[], P]) -> Callable[[], P]:
    """Open at the first call, and say which extra is missing when a library is."""

    @cache
    def opened() -> P:
        try:
            return open_()
        except ModuleNotFoundError as missing:
            raise PortError(
                f"{missing.name} is not installed, and training and measuring here need it: "
                "pip install 'headway[local]'."
            ) from missing

    return opened
