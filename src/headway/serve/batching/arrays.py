"""Columns that came as arrays are checked as arrays: the same rules as for lists, a whole column at a time."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headway.evidence.bundle import Column
from headway.serve.batching.checks import EXACT, beyond, check_numbers, check_texts, missing, unfit
from headway.serve.batching.rows import Layout, Rows
from headway.serve.fault import Fault

__all__ = ["take_arrays", "take_matrix"]


def take_matrix(layout: Layout, values: NDArray[Any], count: int) -> Rows:
    """Check numbers given row by row, every column in the signature's order; Fault 400 names column and row."""
    if layout.plain and not layout.texts:
        numbers = _float64(values)
        if _plain(numbers, layout.largest):
            return Rows(count, numbers.tobytes(), ())
    return take_arrays(layout, list(values.reshape(count, len(layout.columns)).T), count)


def take_arrays(layout: Layout, columns: Sequence[NDArray[Any] | list[Any]], count: int) -> Rows:
    """Check columns in the signature's order, each an array of numbers or a list; Fault 400 names column and row."""
    given = [_listed(layout, position, columns[position]) for position in layout.numbers]
    matrix = _float64(given).reshape(len(given), count)
    if not (layout.plain and _plain(matrix, layout.largest)):
        for place, position in enumerate(layout.numbers):
            if isinstance(columns[position], np.ndarray):
                _check(layout.columns[position], np.asarray(given[place]), matrix[place], layout.largest)
        matrix[np.isnan(matrix)] = np.nan  # quiet ones
    texts = []
    for position in layout.texts:
        values, column = columns[position], layout.columns[position]
        if not isinstance(values, list):
            raise Fault(400, f"column {column.name!r}: numbers where strings are expected")
        texts.append(check_texts(column, values))
    return Rows(count, matrix.T.tobytes(), texts)


def _listed(layout: Layout, position: int, values: NDArray[Any] | list[Any]) -> NDArray[Any] | list[float]:
    if isinstance(values, list):
        return check_numbers(layout.columns[position], values, layout.largest)
    return values


def _float64(values: NDArray[Any] | list[Any]) -> NDArray[np.float64]:
    with np.errstate(invalid="ignore"):  # a signalling NaN is a missing value like any other
        return np.array(values, np.float64)


def _plain(matrix: NDArray[np.float64], largest: float) -> bool:
    """No value is missing or beyond the model; NaN compares false."""
    return matrix.size == 0 or bool(-largest <= matrix.min() and matrix.max() <= largest)


def _check(column: Column, given: NDArray[Any], numbers: NDArray[np.float64], largest: float) -> None:
    """`given` as it came, `numbers` the same as float64."""
    known = ~np.isnan(numbers)
    if not column.nullable and not known.all():
        raise missing(column, _first(~known))
    limit = min(largest, EXACT) if column.type == "int64" else largest
    # Integers are compared as they came: the cast to float64 rounds the ones that must be refused.
    exact = given if given.dtype.kind in "iu" else numbers
    if (wrong := known & ((exact < -limit) | (exact > limit))).any():
        row = _first(wrong)
        raise beyond(column, exact[row].item(), limit, row)
    if column.type == "bool" and (wrong := known & (numbers != 0) & (numbers != 1)).any():
        raise unfit(column, "a number other than 0 and 1", _first(wrong))
    if column.type == "int64" and (wrong := known & (numbers != np.trunc(numbers))).any():
        raise unfit(column, "a fraction", _first(wrong))


def _first(where: NDArray[np.bool_]) -> int:
    return int(where.argmax())
