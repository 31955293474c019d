"""Counts live rows into the reference's bins, 256 rows at a time: about a microsecond a row.

The bins are those of the bundle's summary: a value goes into bin i when edges[i-1] <= value < edges[i] (as
numpy.histogram has it with -inf and inf at the ends).  The counts lie in the block that all workers share, so the
summary is that of the server.  Scoring the counts is no business of this module.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headway.evidence.bundle import Manifest, is_label
from headway.evidence.summary import ColumnSummary, Summary
from headway.serve.batching.answers import Answers
from headway.serve.batching.rows import Batch, Layout
from headway.serve.watch.block import Block

__all__ = ["Binner"]

_ROWS = 256
_OTHER, _MISSING = 0, 1
_PREDICTION = "prediction:"

Values = Callable[[list[tuple[Batch, Answers]]], Any]


class _Column:
    """Counts of one column of the reference: its bins, then other levels, then missing values."""

    def __init__(self, reference: ColumnSummary, values: Values, *, texts: bool) -> None:
        self.reference = reference
        self.values = values
        # NaN sorts behind every number, so its place says how many numbers there are.
        self.edges = np.asarray((*reference.edges, np.nan), np.float64)
        self.below = np.zeros(len(self.edges) + 1, np.int64)
        self.place = {_spelt(level): i for i, level in enumerate(reference.levels)} if texts else None
        self.bins = len(reference.levels) if texts else len(reference.edges) + 1

    def lie_in(self, words: NDArray[np.int64]) -> None:
        """Count in these words, of which there are `bins` and two more."""
        self.counts, self.ends = words[: self.bins], words[self.bins :]

    def add(self, parts: list[tuple[Batch, Answers]]) -> None:
        values = self.values(parts)
        if self.place is not None:
            self._levels(values, self.place)
        else:
            self._numbers(np.asarray(values, np.float64))

    def _numbers(self, ascending: NDArray[np.float64]) -> None:
        """Sorting values and finding the edges among them is half the cost of finding each value's bin."""
        self.below[1:] = np.searchsorted(ascending, self.edges)
        self.counts += self.below[1:] - self.below[:-1]
        self.ends[_MISSING] += len(ascending) - self.below[-1]

    def _levels(self, values: Sequence[Any], place: dict[str, int]) -> None:
        for value, count in Counter(values).items():
            if value is None or value != value:  # noqa: PLR0124 - only NaN differs from itself
                self.ends[_MISSING] += count
            elif (at := place.get(_spelt(value))) is None:
                self.ends[_OTHER] += count
            else:
                self.counts[at] += count

    def summary(self, words: Sequence[int]) -> ColumnSummary:
        """The summary that these counts, of however many workers, make."""
        *counts, other, missing = words
        return ColumnSummary(
            name=self.reference.name,
            edges=self.reference.edges,
            levels=self.reference.levels,
            counts=tuple(counts),
            other=other,
            missing=missing,
        )


class Binner:
    """Counts of one bundle, named by its digest, since the server started.  Without a summary it counts rows only."""

    def __init__(self, manifest: Manifest, layout: Layout, block: Block, digest: str) -> None:
        self._layout = layout
        self._manifest = manifest
        self._waiting: list[tuple[Batch, Answers]] = []
        self._waiting_rows = 0
        reference = manifest.summary.columns if manifest.summary else ()
        self._columns = [column for item in reference if (column := self._column(item))]
        # The first word is for rows, then each column has its own.
        ends = list(accumulate((column.bins + 2 for column in self._columns), initial=1))
        self._places = [slice(*place) for place in pairwise(ends)]
        self._block = block
        self._region = block.region(f"summary\n{manifest.model}\n{manifest.version}\n{digest}", ends[-1])
        self._words = np.frombuffer(self._region.own, np.int64)
        for column, place in zip(self._columns, self._places, strict=True):
            column.lie_in(self._words[place])

    def add(self, batch: Batch, answers: Answers) -> None:
        """Keep an answered batch until there are rows enough to be worth counting."""
        self._waiting.append((batch, answers))
        self._waiting_rows += batch.count
        if self._waiting_rows >= _ROWS:
            self.tick()

    def summary(self) -> Summary:
        """All rows of all workers so far, but those of other workers' last second."""
        self.tick()
        words = self._region.total()
        pairs = zip(self._columns, self._places, strict=True)
        return Summary(rows=words[0], columns=tuple(column.summary(words[place]) for column, place in pairs))

    def close(self) -> None:
        """The bundle is unloaded; loaded again, it counts on."""
        self.tick()
        self._block.give_back(self._region)

    def tick(self) -> None:
        """Once a second, for what other workers show: count what waits."""
        if not self._waiting:
            return
        numbers = np.concatenate([batch.numbers for batch, _ in self._waiting])
        self._ascending = np.sort(numbers.T, axis=1)
        for column in self._columns:
            column.add(self._waiting)
        self._words[0] += self._waiting_rows
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
            return _Column(reference, lambda _: self._ascending[at], texts=False)
        spell = bool if self._layout.columns[position].type == "bool" else _plain
        return _Column(reference, lambda _: [_or_none(v, spell) for v in self._ascending[at].tolist()], texts=True)

    def _predicted(self, reference: ColumnSummary, output: str) -> _Column | None:
        if output not in {column.name for column in self._manifest.signature.outputs}:
            return None
        if reference.levels or is_label(output):
            return _Column(reference, lambda parts: [v for _, a in parts for v in a.values[output]], texts=True)
        # Of probabilities the last class's are followed, as the reference does.
        return _Column(
            reference, lambda parts: np.sort(np.concatenate([a.scores[output] for _, a in parts])[:, -1]), texts=False
        )


def _spelt(value: object) -> str:
    """How a level is compared: as text, booleans in lower case whoever wrote them."""
    text = str(value)
    return text.lower() if text in {"True", "False"} else text


def _plain(value: float) -> float | int:
    return int(value) if value.is_integer() else value


def _or_none(value: float, spell: Callable[[float], object]) -> object:
    return None if value != value else spell(value)  # noqa: PLR0124 - only NaN differs from itself
