"""Counts live rows into the reference's bins, 256 rows at a time: about a microsecond a row.

The bins are those of the bundle's summary: a value goes into bin i when edges[i-1] <= value < edges[i] (as
numpy.histogram has it with -inf and inf at the ends).  Scoring the counts is no business of this module.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headway.evidence.bundle import Manifest
from headway.evidence.summary import ColumnSummary, Summary
from headway.serve.batching.answers import Answers
from headway.serve.batching.rows import Batch, Layout

__all__ = ["Binner"]

_ROWS = 256
_PREDICTION = "prediction:"

Values = Callable[[list[tuple[Batch, Answers]]], Any]


class _Column:
    """Counts of one column of the reference."""

    def __init__(self, reference: ColumnSummary, values: Values, *, texts: bool) -> None:
        self.reference = reference
        self.values = values
        self.edges = np.asarray(reference.edges, np.float64)
        self.counts = np.zeros(len(reference.levels) if texts else len(reference.edges) + 1, np.int64)
        self.place = {_spelt(level): i for i, level in enumerate(reference.levels)} if texts else None
        self.other = 0
        self.missing = 0

    def add(self, parts: list[tuple[Batch, Answers]]) -> None:
        values = self.values(parts)
        if self.place is not None:
            self._levels(values, self.place)
        else:
            self._numbers(np.asarray(values, np.float64))

    def _numbers(self, values: NDArray[np.float64]) -> None:
        bins = np.searchsorted(self.edges, values, side="right")
        missing = int(np.isnan(values).sum())
        if missing:
            self.missing += missing
            bins = bins[~np.isnan(values)]
        self.counts += np.bincount(bins, minlength=len(self.counts))

    def _levels(self, values: Sequence[Any], place: dict[str, int]) -> None:
        for value, count in Counter(values).items():
            if value is None or value != value:  # noqa: PLR0124 - only NaN differs from itself
                self.missing += count
            elif (at := place.get(_spelt(value))) is None:
                self.other += count
            else:
                self.counts[at] += count

    def summary(self) -> ColumnSummary:
        return ColumnSummary(
            name=self.reference.name,
            edges=self.reference.edges,
            levels=self.reference.levels,
            counts=tuple(self.counts.tolist()),
            other=self.other,
            missing=self.missing,
        )


class Binner:
    """Counts since the start of the process.  A bundle without a summary counts rows only."""

    def __init__(self, manifest: Manifest, layout: Layout) -> None:
        self._layout = layout
        self._manifest = manifest
        self._rows = 0
        self._waiting: list[tuple[Batch, Answers]] = []
        self._waiting_rows = 0
        reference = manifest.summary.columns if manifest.summary else ()
        self._columns = [column for item in reference if (column := self._column(item))]

    def add(self, batch: Batch, answers: Answers) -> None:
        """Keep an answered batch until there are rows enough to be worth counting."""
        self._waiting.append((batch, answers))
        self._waiting_rows += batch.count
        if self._waiting_rows >= _ROWS:
            self._count()

    def summary(self) -> Summary:
        """All rows so far."""
        self._count()
        return Summary(rows=self._rows, columns=tuple(column.summary() for column in self._columns))

    def _count(self) -> None:
        if not self._waiting:
            return
        numbers = np.concatenate([batch.numbers for batch, _ in self._waiting])
        self._turned = np.ascontiguousarray(numbers.T)
        for column in self._columns:
            column.add(self._waiting)
        self._rows += self._waiting_rows
        self._waiting, self._waiting_rows = [], 0

    def _column(self, reference: ColumnSummary) -> _Column | None:
        """The counts of one column of the reference; None for a name that is neither input nor output."""
        if reference.name.startswith(_PREDICTION):
            return self._predicted(reference, reference.name.removeprefix(_PREDICTION))
        position = self._layout.index.get(reference.name)
        if position is None:
            return None
        if position in self._layout.texts:
            at = self._layout.texts.index(position)
            return _Column(reference, lambda parts: [v for batch, _ in parts for v in batch.texts[at]], texts=True)
        at = self._layout.numbers.index(position)
        if not reference.levels:
            return _Column(reference, lambda _: self._turned[at], texts=False)
        spell = bool if self._layout.columns[position].type == "bool" else _plain
        return _Column(reference, lambda _: [_or_none(v, spell) for v in self._turned[at].tolist()], texts=True)

    def _predicted(self, reference: ColumnSummary, output: str) -> _Column | None:
        if output not in {column.name for column in self._manifest.signature.outputs}:
            return None
        if reference.levels or output == "label":
            return _Column(reference, lambda parts: [v for _, a in parts for v in a.values[output]], texts=True)
        # Of probabilities the last class's are followed, as the reference does.
        return _Column(
            reference, lambda parts: np.concatenate([a.scores[output][:, -1] for _, a in parts]), texts=False
        )


def _spelt(value: object) -> str:
    """How a level is compared: as text, booleans in lower case whoever wrote them."""
    text = str(value)
    return text.lower() if text in {"True", "False"} else text


def _plain(value: float) -> float | int:
    return int(value) if value.is_integer() else value


def _or_none(value: float, spell: Callable[[float], object]) -> object:
    return None if value != value else spell(value)  # noqa: PLR0124 - only NaN differs from itself
