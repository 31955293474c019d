"""The reference summary of a bundle: its training rows and its answers to some of them, in bins of equal count."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from headway.evidence.bundle import Column, Signature
from headway.evidence.summary import ColumnSummary, Summary

__all__ = ["summary_of"]

BINS = 32
LEVELS_AT_MOST = 128


def summary_of(frame: pl.DataFrame, signature: Signature, reference: Mapping[str, Any]) -> Summary:
    """Counts of the training rows by column, and of the sample's answers; every bin of a column holds about as many."""
    columns = [_column(frame[column.name], column) for column in signature.inputs if column.name in frame.columns]
    answered = reference.get("probabilities")
    if answered:
        columns.append(_numbers("prediction:probabilities", pl.Series([row[-1] for row in answered])))
    elif signature.outputs[0].name == "prediction":
        columns.append(_numbers("prediction:prediction", pl.Series(reference["label"], dtype=pl.Float64)))
    else:
        columns.append(_levels("prediction:label", pl.Series([str(value) for value in reference["label"]])))
    return Summary(rows=frame.height, columns=tuple(columns))


def _column(values: pl.Series, column: Column) -> ColumnSummary:
    if column.type in {"string", "bool"}:
        return _levels(column.name, values.cast(pl.String))
    return _numbers(column.name, values.cast(pl.Float64))


def _numbers(name: str, values: pl.Series) -> ColumnSummary:
    whole = values.fill_nan(None).drop_nulls()
    cuts: Sequence[float | None] = [whole.quantile(place / BINS) for place in range(1, BINS)] if len(whole) else []
    edges = sorted({float(cut) for cut in cuts if cut is not None})
    counts = [0] * (len(edges) + 1)
    if len(whole):
        places = pl.Series(edges, dtype=pl.Float64).search_sorted(whole, side="right")
        for place, count in places.value_counts().iter_rows():
            counts[place] = count
    return ColumnSummary(name=name, edges=tuple(edges), counts=tuple(counts), missing=len(values) - len(whole))


def _levels(name: str, values: pl.Series) -> ColumnSummary:
    whole = values.drop_nulls()
    ranked = whole.value_counts(sort=True).rows()
    kept, rest = ranked[:LEVELS_AT_MOST], ranked[LEVELS_AT_MOST:]
    return ColumnSummary(
        name=name,
        levels=tuple(str(level) for level, _ in kept),
        counts=tuple(count for _, count in kept),
        other=sum(count for _, count in rest),
        missing=len(values) - len(whole),
    )
