"""The reference summary: predictions are counted on edges that another version's have, too."""

import math

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from headway.adapters.steps.summary import GRID, summary_of
from headway.evidence.bundle import Column, Signature
from headway.evidence.summary import ColumnSummary

SIGNATURE = Signature(
    inputs=(Column(name="x", type="float64", nullable=True),), outputs=(Column(name="prediction", type="float64"),)
)


def predicted(values: list[float]) -> ColumnSummary:
    frame = pl.DataFrame({"x": [1.0]})
    found = summary_of(frame, SIGNATURE, {"prediction": values})
    return next(column for column in found.columns if column.name == "prediction:prediction")


@given(
    st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=200).filter(lambda values: len(set(values)) > 1),
    st.floats(0.5, 2.0),
    st.floats(-0.1, 0.1),
)
def test_a_version_that_answers_about_alike_has_many_edges_in_common(
    values: list[float], wider: float, moved: float
) -> None:
    spread = max(values) - min(values)
    if spread < 1e-3:
        return
    middle = (max(values) + min(values)) / 2
    others = [middle + (value - middle) * wider + moved * spread for value in values]
    mine, theirs = predicted([*values, *values]), predicted(others * 2)
    assert len(mine.edges) <= 2 * GRID + 2
    assert sum(mine.counts) == 2 * len(values)
    low, high = max(mine.edges[0], theirs.edges[0]), min(mine.edges[-1], theirs.edges[-1])
    steps = [
        after - before
        for column in (mine, theirs)
        for before, after in zip(column.edges, column.edges[1:], strict=False)
    ]
    within = math.floor((high - low) / max(steps))
    assert len(set(mine.edges) & set(theirs.edges)) >= within


def test_predictions_without_any_spread_have_an_edge_at_what_they_are() -> None:
    assert predicted([3.0] * 10).edges == (3.0,)
    assert predicted([]).edges == ()
