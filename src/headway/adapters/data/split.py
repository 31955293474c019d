"""Parts rows into training and test.  Values in, parts out: deterministic, and no row's equal on the other side.

With `by`: the newest values test, values before them train; rows with one value stay together, and rows without a
value are in neither part, for nothing shows on which side of the line they belong.  Without `by`: a seeded SHA-256 of
each row's unit, or of its content, so that a row keeps its side when others come and go.
"""

import hashlib
from collections.abc import Sequence
from math import ceil, inf

import polars as pl

from headway.adapters.data.order import Order
from headway.reconcile.ports import PortError
from headway.spec.data import Split

__all__ = ["NEITHER", "TEST", "TRAIN", "split_by", "split_drawn"]

NEITHER, TRAIN, TEST = 0, 1, 2

# Distinct values, newest first, each with its number of rows.
Counts = Sequence[tuple[float, int]]


def split_by(order: Order, split: Split) -> list[pl.Series]:
    """The part of every row, one series a file."""
    values = pl.concat(order.values).drop_nulls().alias("value")
    counts = values.value_counts(name="rows").sort("value", descending=True).rows()
    test, train = _starts(counts, split, order.second)
    parts = []
    for series in order.values:
        is_train = (pl.col("value") < test) & (pl.col("value") >= train)
        part = pl.when(pl.col("value") >= test).then(TEST).when(is_train).then(TRAIN).otherwise(NEITHER)
        parts.append(series.alias("value").to_frame().select(part.cast(pl.Int8)).to_series())
    return parts


def split_drawn(keys: Sequence[Sequence[str]], split: Split) -> list[pl.Series]:
    """The same by a seeded draw on each row's key, one sequence a file."""
    if not _is_share(split.test) or not (split.train is None or _is_share(split.train)):
        raise PortError("A split by duration needs `split.by`, the column that says when. Or give shares, such as 20%.")
    upper = 1.0 if split.train is None else split.test + split.train
    drawn: dict[str, int] = {}
    for key in {key for file in keys for key in file}:
        share = int.from_bytes(hashlib.sha256(f"{split.seed}\0{key}".encode()).digest()[:8]) / 2**64
        drawn[key] = TEST if share < split.test else TRAIN if share < upper else NEITHER
    return [pl.Series([drawn[key] for key in file], dtype=pl.Int8) for file in keys]


def _starts(counts: Counts, split: Split, second: float) -> tuple[float, float]:
    """The least value that tests, and the least that trains; shares are of all rows that have a value."""
    rows = sum(number for _, number in counts)
    if _is_share(split.test):
        test = line = _newest(counts, split.test * rows)
    else:
        # The line lies between values: what is on it is older than the duration.
        line = counts[0][0] - _span(split.test, second)
        test = min(value for value, _ in counts if value > line)
    before = [(value, number) for value, number in counts if value < test]
    if split.train is None or not before:
        return test, -inf
    if _is_share(split.train):
        return test, _newest(before, split.train * rows)
    start = line - _span(split.train, second)
    return test, min((value for value, _ in before if value > start or (test == line and value == start)), default=inf)


def _newest(counts: Counts, rows: float) -> float:
    """The value from which on there are at least so many rows, or the oldest."""
    wanted = ceil(rows - 1e-9)
    for value, number in counts:
        wanted -= number
        if wanted <= 0:
            return value
    return counts[-1][0]


def _span(duration: float, second: float) -> float:
    if not second:
        raise PortError(
            "The split is given as a duration, but `split.by` holds numbers that are no Unix seconds. "
            "Split by a date or time, or give shares, such as 20%."
        )
    return duration * second


def _is_share(value: float) -> bool:
    # 100% and 1s are one number; a second of data is nothing that anyone splits by.
    return value <= 1
