"""The summary of live rows against numpy.histogram and plain counting."""

import math
from collections import Counter
from collections.abc import Sequence

import msgspec
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from headway.evidence.bundle import Column, Manifest, Signature
from headway.evidence.merging import merged
from headway.evidence.summary import ColumnSummary, Summary
from headway.serve.batching.answers import Answers
from headway.serve.batching.rows import Layout, join, take
from headway.serve.watch.binning import Binner
from headway.serve.watch.block import Block

EDGES = (-1.5, 0.0, 0.0625, 3.0)
SIGNATURE = Signature(
    inputs=(
        Column(name="x", type="float64", nullable=True),
        Column(name="flag", type="bool"),
        Column(name="name", type="string", nullable=True),
        Column(name="rank", type="int64"),
    ),
    outputs=(Column(name="label", type="string"), Column(name="probabilities", type="float64")),
)
REFERENCE = Summary(
    rows=0,
    columns=(
        ColumnSummary(name="x", edges=EDGES, counts=()),
        ColumnSummary(name="flag", levels=("False", "True"), counts=()),
        ColumnSummary(name="name", levels=("a", "b"), counts=()),
        ColumnSummary(name="rank", levels=("0", "1"), counts=()),
        ColumnSummary(name="prediction:label", levels=("no", "yes"), counts=()),
        ColumnSummary(name="prediction:probabilities", edges=(0.5,), counts=()),
        ColumnSummary(name="gone", edges=(0.5,), counts=()),
    ),
)
MANIFEST = Manifest(
    model="m",
    version="1.0.0",
    task="classification",
    classes=("no", "yes"),
    positive="yes",
    signature=SIGNATURE,
    runtime="onnx",
    entry="model.onnx",
    summary=REFERENCE,
)

numbers = st.none() | st.sampled_from([*EDGES, math.nan]) | st.floats(-10, 10)
Row = tuple[float | None, bool, str | None, int, float]
row = st.tuples(numbers, st.booleans(), st.sampled_from(["a", "b", "c", "", None]), st.integers(-2, 3), st.floats(0, 1))


def binner_of(layout: Layout, block: Block | None = None) -> Binner:
    """A binner of a server of its own, or of a worker of the block's."""
    return Binner(MANIFEST, layout, block or Block(), "d1")


def fed(binner: Binner, layout: Layout, rows: Sequence[Row]) -> None:
    """One answered batch."""
    columns = [list(column) for column in zip(*rows, strict=True)]
    odds = np.array(columns.pop())
    scores = {"probabilities": np.stack((1 - odds, odds), axis=1)}
    labels = ["yes" if value >= 0.5 else "no" for value in odds]
    answers = Answers(len(rows), {"label": labels}, {"label": 1, "probabilities": 2}, scores)
    binner.add(join(layout, [take(layout, columns)]), answers)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(row, min_size=1, max_size=130), min_size=1, max_size=6))
def test_the_summary_counts_as_numpy_histogram_does(batches: list[list[Row]]) -> None:
    layout = Layout(SIGNATURE)
    binner = binner_of(layout)
    for batch in batches:
        fed(binner, layout, batch)
    found = binner.summary()
    rows = [item for batch in batches for item in batch]
    by_name = {column.name: column for column in found.columns}
    assert found.rows == len(rows)

    known = [x for x, *_ in rows if x is not None and not math.isnan(x)]
    truth, _ = np.histogram(known, bins=[-np.inf, *EDGES, np.inf])
    assert by_name["x"].counts == tuple(truth)
    assert by_name["x"].missing == len(rows) - len(known)

    flags = Counter(flag for _, flag, *_ in rows)
    assert by_name["flag"].counts == (flags[False], flags[True])
    names = Counter(name for _, _, name, *_ in rows)
    assert by_name["name"].counts == (names["a"], names["b"])
    assert (by_name["name"].other, by_name["name"].missing) == (names["c"] + names[""], names[None])
    ranks = Counter(rank for *_, rank, _ in rows)
    assert by_name["rank"].counts == (ranks[0], ranks[1])
    assert by_name["rank"].other == len(rows) - ranks[0] - ranks[1]

    above = sum(odds >= 0.5 for *_, odds in rows)
    assert by_name["prediction:label"].counts == (len(rows) - above, above)
    assert by_name["prediction:probabilities"].counts == (len(rows) - above, above)


pods = st.lists(st.tuples(st.integers(0, 2), st.lists(row, min_size=1, max_size=130)), max_size=8)


@settings(max_examples=40, deadline=None)
@given(pods)
def test_the_summaries_of_pods_merge_to_what_one_pod_would_have_had(batches: list[tuple[int, list[Row]]]) -> None:
    layout = Layout(SIGNATURE)
    parts, whole = [binner_of(layout) for _ in range(3)], binner_of(layout)
    for pod, rows in batches:
        fed(parts[pod], layout, rows)
        fed(whole, layout, rows)
    assert merged([part.summary() for part in parts]) == whole.summary()


@settings(max_examples=15, deadline=None)
@given(pods)
def test_the_summary_of_any_worker_is_that_of_a_server_without_workers(batches: list[tuple[int, list[Row]]]) -> None:
    layout, block, whole = Layout(SIGNATURE), Block(3), binner_of(Layout(SIGNATURE))
    for worker, rows in batches:
        block.mine = worker
        part = binner_of(layout, block)  # one after the other, as successors of those that died
        fed(part, layout, rows)
        part.tick()
        fed(whole, layout, rows)
    assert binner_of(layout, block).summary() == whole.summary()


def test_a_bundle_that_is_loaded_again_counts_on_and_another_of_that_version_begins() -> None:
    layout, block = Layout(SIGNATURE), Block()
    first = binner_of(layout, block)
    fed(first, layout, [(1.0, True, "a", 1, 0.5)])
    first.close()
    assert binner_of(layout, block).summary().rows == 1
    assert Binner(MANIFEST, layout, block, "d2").summary().rows == 0


def test_a_column_that_is_neither_input_nor_output_is_left_out() -> None:
    assert "gone" not in {column.name for column in binner_of(Layout(SIGNATURE)).summary().columns}


def test_a_bundle_without_a_summary_counts_rows() -> None:
    layout = Layout(SIGNATURE)
    binner = Binner(msgspec.structs.replace(MANIFEST, summary=None), layout, Block(), "d1")
    fed(binner, layout, [(1.0, True, "a", 1, 0.5)])
    assert binner.summary() == Summary(rows=1, columns=())
