"""The reference summary of a bundle: the training rows in bins of about equal count, and answers on a grid."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import polars as pl

from headway.evidence.bundle import Column, Signature, is_label
from headway.evidence.summary import ColumnSummary, Summary

__all__ = ["summary_of"]

# Two of the bins are the tails: what lies below or above all that was seen in training.
BINS = 64
# Fewer rows are counted in fewer bins, so that a bin's share is known well enough to compare with.
ROWS_A_BIN, BINS_AT_LEAST = 20, 8
LEVELS_AT_MOST = 128
# Predictions have at least so many steps, and no step below a billionth.
GRID, FINEST = 16, -30


def summary_of(frame: pl.DataFrame, signature: Signature, answers: Mapping[str, Sequence[Any]]) -> Summary:
    """Counts by column: inputs over all rows of `frame`, predictions over `answers` (None: a row without one)."""
    columns = [_column(frame[column.name], column) for column in signature.inputs]
    for output in (output for output in signature.outputs if output.name in answers):
        name, values = f"prediction:{output.name}", [value for value in answers[output.name] if value is not None]
        if is_label(output.name):
            columns.append(_levels(name, pl.Series([str(value) for value in values], dtype=pl.String)))
        else:
            # Of probabilities the last class's are followed, as the server does.
            last = [value[-1] if isinstance(value, list) else value for value in values]
            columns.append(_numbers(name, pl.Series(last, dtype=pl.Float64), _grid))
    return Summary(rows=frame.height, columns=tuple(columns))


def _column(values: pl.Series, column: Column) -> ColumnSummary:
    if column.type in {"string", "bool"}:
        return _levels(column.name, values.cast(pl.String))
    return _numbers(column.name, values.cast(pl.Float64))


def _numbers(name: str, values: pl.Series, edges_of: Callable[[pl.Series], list[float]] | None = None) -> ColumnSummary:
    whole = values.fill_nan(None).drop_nulls().sort()
    edges = (edges_of or _edges)(whole)
    places = pl.Series(edges, dtype=pl.Float64).search_sorted(whole, side="right") if edges else pl.Series([0]).head(0)
    counts = [0] * (len(edges) + 1)
    for place, count in places.value_counts().iter_rows():
        counts[place] = count
    return ColumnSummary(name=name, edges=tuple(edges), counts=tuple(counts), missing=len(values) - len(whole))


def _edges(whole: pl.Series) -> list[float]:
    """Each distinct value when there are few, else quantiles; the last edge is just above the greatest value."""
    if whole.is_empty():
        return []
    inner = max(BINS_AT_LEAST, min(BINS - 2, len(whole) // ROWS_A_BIN))
    distinct = whole.unique()
    if len(distinct) <= inner:
        starts = distinct.to_list()
    else:
        starts = whole.gather([at * len(whole) // inner for at in range(inner)]).to_list()
    return sorted({float(start) for start in starts} | {math.nextafter(float(whole[-1]), math.inf)})


def _grid(whole: pl.Series) -> list[float]:
    """Multiples of a power of two over the middle 98 %, GRID steps of it or up to twice as many.

    Two versions' predictions then have edges in common, though neither knows the other: the multiples of the wider
    step are among those of the narrower.
    """
    if whole.is_empty():
        return []
    low, high = (float(whole[round(share * (len(whole) - 1))]) for share in (0.01, 0.99))
    size = high - low or abs(high) or 1.0
    exponent = max(math.floor(math.log2(size / GRID)), FINEST)
    first, last = math.floor(math.ldexp(low, -exponent)), math.ceil(math.ldexp(high, -exponent))
    return [math.ldexp(step, exponent) for step in range(first, last + 1)]


def _levels(name: str, values: pl.Series) -> ColumnSummary:
    whole = values.drop_nulls().alias("level")
    ranked = sorted(whole.value_counts().rows(), key=lambda pair: (-pair[1], pair[0]))
    kept, rest = ranked[:LEVELS_AT_MOST], ranked[LEVELS_AT_MOST:]
    return ColumnSummary(
        name=name,
        levels=tuple(str(level) for level, _ in kept),
        counts=tuple(count for _, count in kept),
        other=sum(count for _, count in rest),
        missing=len(values) - len(whole),
    )
