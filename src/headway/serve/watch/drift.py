"""The drift score that a server shows of itself: its latest rows against the bundle's reference, column by column.

It shows; `decide` judges, over all pods, with significance and history.
"""

from collections.abc import Callable, Mapping

from headway.evidence.merging import minus
from headway.evidence.summary import ColumnSummary, Summary
from headway.stats.drift import js_distance

__all__ = ["LEAST_ROWS", "WINDOW_S", "Drift"]

WINDOW_S = 3600.0
LEAST_ROWS = 1000


class Drift:
    """Scores over the rows of the window before and the one that fills: one to two hours."""

    def __init__(self, reference: Summary | None, live: Callable[[], Summary]) -> None:
        self._reference = {column.name: column for column in reference.columns} if reference else {}
        self._live = live
        self._before: Summary | None = None
        self._middle: Summary | None = None
        self._since: float | None = None

    def tick(self, now: float) -> None:
        """Once a second or so (seconds of any steady clock): begin a new window when the hour is over."""
        if self._since is None:
            self._since = now
        elif now - self._since >= WINDOW_S:
            self._before, self._middle, self._since = self._middle, self._live(), now

    def scores(self) -> Mapping[str, float]:
        """Jensen-Shannon distance (0 to 1) of each column; none while there are too few rows to say."""
        live = minus(self._live(), self._before)
        if live.rows < LEAST_ROWS:
            return {}
        return {
            column.name: js_distance(_bins(self._reference[column.name]), _bins(column))
            for column in live.columns
            if column.name in self._reference
        }


def _bins(column: ColumnSummary) -> tuple[int, ...]:
    return (*column.counts, column.other, column.missing)
