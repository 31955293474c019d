"""Measures what the server's own watching costs: counting a request, and a row in the drift summary.

    python bench/counting.py [--json]

Real are the counters in shared memory, the bundle's bins of 20 columns with 31 edges and two outputs, and batches as
they come from the queue; no model is asked and no request read.
"""

from collections.abc import Callable

import numpy as np
from msgspec import structs

from headway.evidence.bundle import Manifest
from headway.evidence.summary import ColumnSummary, Summary
from headway.serve.batching.answers import Answers
from headway.serve.batching.rows import Batch, Layout
from headway.serve.watch.binning import Binner
from headway.serve.watch.block import Block
from headway.serve.watch.metrics import Metrics
from rows import Row, cost, show
from serving.forest import EDGES, FEATURES, NAMES, SIGNATURE

ROUNDS = 15
REQUESTS = 200_000
ROWS = 256 * 200


def binner() -> Binner:
    """Of a classifier with 20 numbers, as `bench/serving` serves it."""
    columns = [ColumnSummary(name=name, edges=EDGES, counts=(0,) * 32) for name in NAMES]
    label = ColumnSummary(name="prediction:label", levels=("0", "1"), counts=(0, 0))
    odds = ColumnSummary(name="prediction:probabilities", edges=EDGES, counts=(0,) * 32)
    manifest = Manifest(
        model="forest",
        version="1.0.0",
        task="classification",
        classes=(0, 1),
        signature=SIGNATURE,
        runtime="onnx",
        entry="model.onnx",
        summary=Summary(rows=0, columns=(*columns, label, odds)),
    )
    return Binner(manifest, Layout(manifest.signature), Block(), "")


def batch(rows: int) -> tuple[Batch, Answers]:
    """Rows of one model call, answered."""
    rng = np.random.default_rng(0)
    odds = rng.random((rows, 2))
    values = {"label": (odds[:, 1] > 0.5).astype(int).tolist(), "probabilities": odds.ravel().tolist()}
    answers = Answers(rows, values, {"label": 1, "probabilities": 2}, {"probabilities": odds})
    return Batch(rows, rng.normal(size=(rows, FEATURES)), ()), answers


def binned(rows: int) -> Callable[[], None]:
    """Counts ROWS rows that come in batches of so many."""
    made, one = binner(), batch(rows)

    def work() -> None:
        for _ in range(ROWS // rows):
            made.add(*one)
        made.tick()

    return work


def counted() -> None:
    """Counts REQUESTS requests."""
    count = METRICS.count
    for _ in range(REQUESTS):
        count(0.0031)


METRICS = Metrics(Block(), "forest", "1.0.0")


def empty() -> None:
    """The loop alone."""
    for _ in range(REQUESTS):
        pass


def main() -> None:
    """Measure; per request and per row, in microseconds of CPU."""
    request = (cost(counted, ROUNDS) - cost(empty, ROUNDS)) / REQUESTS * 1e6
    rows = [
        Row(
            what="counting a request in the metrics",
            unit="µs CPU",
            budget=0.4,
            measured=request,
            how=f"latency histogram and sum in shared memory, median of {ROUNDS} x {REQUESTS:,}",
        )
    ]
    for size in (1, 16, 256):
        row = Row(
            what="a row in the drift summary",
            unit="µs CPU",
            budget=1.0,
            measured=cost(binned(size), ROUNDS) / ROWS * 1e6,
            how=f"{FEATURES} columns and two outputs, batches of {size}, median of {ROUNDS} x {ROWS:,} rows",
        )
        rows.append(structs.replace(row, what=f"{row.what}, batches of {size}"))
    show(rows)


if __name__ == "__main__":
    main()
