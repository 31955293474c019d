"""Rows of a request, checked against the signature before anything is queued; each fault names its column and row.

Numbers of all requests are kept row by row as float64, so that a batch is made by joining bytes.
"""

import math
from array import array
from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headway.evidence.bundle import Column, Signature
from headway.serve.batching.checks import check_numbers, check_texts
from headway.serve.fault import Fault

__all__ = ["Batch", "Layout", "Rows", "absent", "join", "strange", "take", "take_flat"]

_FLOATS = {float, int}


class Layout:
    """Where each column of a signature goes: numbers (booleans among them) and texts, each in the signature's order.

    `largest` is the largest magnitude that the runtime can hold.
    """

    def __init__(self, signature: Signature, largest: float = math.inf) -> None:
        self.columns = signature.inputs
        self.index = {column.name: position for position, column in enumerate(self.columns)}
        self.numbers = [i for i, column in enumerate(self.columns) if column.type != "string"]
        self.texts = [i for i, column in enumerate(self.columns) if column.type == "string"]
        self.plain = all(self.columns[i].type == "float64" for i in self.numbers)
        self.largest = min(largest, math.nextafter(math.inf, 0))


class Rows:
    """Checked rows: `numbers` are float64, row by row; `texts` one list a text column."""

    __slots__ = ("count", "numbers", "texts")

    def __init__(self, count: int, numbers: bytes, texts: Sequence[list[str | None]]) -> None:
        self.count = count
        self.numbers = numbers
        self.texts = texts


class Batch:
    """Rows of one model call: `numbers` is rows x number columns."""

    __slots__ = ("count", "numbers", "texts")

    def __init__(self, count: int, numbers: NDArray[np.float64], texts: Sequence[list[str | None]]) -> None:
        self.count = count
        self.numbers = numbers
        self.texts = texts


def absent(column: Column, ignored: Sequence[str]) -> Fault:
    """A column that must be sent is not there; a misspelt one is among those that were ignored."""
    return Fault(400, f"column {column.name!r} is missing{_beside(ignored)}")


def strange(layout: Layout, ignored: Sequence[str]) -> Fault:
    """Columns were sent, and the model takes none of them: nobody can mean that, though all of its own are optional."""
    return Fault(400, f"no column is known{_beside(ignored)}; there is {', '.join(list(layout.index)[:20])}")


def _beside(ignored: Sequence[str]) -> str:
    return f"; not known: {', '.join(f'{name[:40]!r}' for name in ignored[:5])}" if ignored else ""


def take(layout: Layout, columns: Sequence[list[Any]]) -> Rows:
    """Check columns of values, in the signature's order and all of one length; Fault 400 names column and row."""
    count = len(columns[0])
    picked = [columns[i] for i in layout.numbers]
    flat = _by_row(picked, count)
    if not (layout.plain and _plain(flat, layout.largest)):
        checked = [check_numbers(layout.columns[i], columns[i], layout.largest) for i in layout.numbers]
        flat = _by_row(checked, count)
    texts = [check_texts(layout.columns[i], columns[i]) for i in layout.texts]
    return Rows(count, array("d", flat).tobytes(), texts)


def take_flat(layout: Layout, values: list[Any], count: int) -> Rows:
    """Check values given row by row, every column in the signature's order; Fault 400 names column and row."""
    if layout.plain and not layout.texts and _plain(values, layout.largest):
        return Rows(count, array("d", values).tobytes(), ())
    width = len(layout.columns)
    return take(layout, [values[position::width] for position in range(width)])


def join(layout: Layout, parts: Sequence[Rows]) -> Batch:
    """One batch of several requests' rows, in their order."""
    if len(parts) == 1:
        (only,) = parts
        count, raw, texts = only.count, only.numbers, only.texts
    else:
        count = sum(part.count for part in parts)
        raw = b"".join([part.numbers for part in parts])
        texts = [list(chain.from_iterable([part.texts[i] for part in parts])) for i in range(len(layout.texts))]
    return Batch(count, np.frombuffer(raw, np.float64).reshape(count, len(layout.numbers)), texts)


def _by_row(columns: Sequence[list[Any]], count: int) -> list[Any]:
    if count == 1:
        return [column[0] for column in columns]
    return list(chain.from_iterable(zip(*columns, strict=True)))


def _plain(values: list[Any], largest: float) -> bool:
    """Numbers only, each within range.

    The vector that all make is at least as long as the largest of them, and NaN where one is; one that is too long may
    still be of numbers that each fit, which are then checked column by column.
    """
    try:
        return set(map(type, values)) <= _FLOATS and math.hypot(*values) <= largest
    except OverflowError:  # an integer that no float64 holds
        return False
