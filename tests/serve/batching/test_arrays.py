"""Arrays are checked by the same rules as lists: whatever one lets in, or refuses, the other does too."""

import math
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.serve.batching.test_batch import LAYOUT

from headway.evidence.bundle import Column, Signature
from headway.serve.batching.arrays import take_arrays, take_matrix
from headway.serve.batching.rows import Layout, join, take
from headway.serve.fault import Fault

KINDS = ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"]
FIT = {"x": [1.0], "name": ["a"], "n": [1], "b": [True]}


def outcome(column: str, values: np.ndarray, *, arrays: bool) -> bytes | str:
    """The rows' bytes, or what the fault says of column and row."""
    count = len(values)
    columns = [FIT[name] * count for name in FIT]
    position = list(FIT).index(column)
    try:
        if arrays:
            columns[position] = values  # type: ignore[call-overload] - lists and arrays are mixed on purpose
            return take_arrays(LAYOUT, columns, count).numbers
        columns[position] = values.tolist()
        return take(LAYOUT, columns).numbers
    except Fault as fault:
        return fault.message


def numbers_of(kind: str) -> st.SearchStrategy[Any]:
    """Values that an array of such numbers can hold, those of booleans among them."""
    small = st.sampled_from([0, 1])
    if kind[0] == "f":
        return small | st.floats(width=8 * int(kind[1]))  # type: ignore[arg-type] - one of three
    return small | st.integers(int(np.iinfo(kind).min), int(np.iinfo(kind).max))


@given(
    st.sampled_from(["x", "n", "b"]),
    st.sampled_from(KINDS).flatmap(
        lambda k: st.lists(numbers_of(k), min_size=1, max_size=6).map(partial(np.array, dtype=k))
    ),
)
def test_an_array_is_taken_as_the_list_of_its_values(column: str, values: np.ndarray) -> None:
    listed, arrayed = outcome(column, values, arrays=False), outcome(column, values, arrays=True)
    if isinstance(listed, bytes):
        np.testing.assert_array_equal(np.frombuffer(arrayed, np.float64), np.frombuffer(listed, np.float64))
    else:
        assert isinstance(arrayed, str)
        assert f"column {column!r}" in arrayed
        assert "in row" in arrayed


@pytest.mark.parametrize(
    ("column", "values", "said"),
    [
        ("n", np.array([1, 2, 2**53 + 1]), "an integer of more than 15 digits"),
        ("n", np.array([1, 2, 2**64 - 1], np.uint64), "an integer of more than 15 digits"),
        ("n", np.array([1, 2, 2.5]), "a fraction where an integer is expected"),
        ("n", np.array([1, 2, math.nan], np.float16), "null or NaN"),
        ("b", np.array([1, 0, 2], np.uint8), "a number other than 0 and 1"),
        ("x", np.array([1, 0, math.inf], np.float16), "infinity is beyond"),
        ("x", np.array([1, 0, -math.inf], np.float32), "infinity is beyond"),
    ],
)
def test_a_fault_names_column_and_row(column: str, values: np.ndarray, said: str) -> None:
    told = outcome(column, values, arrays=True)
    assert isinstance(told, str)
    assert f"column {column!r}" in told
    assert said in told
    assert told.endswith("in row 2")
    assert told == outcome(column, values, arrays=False)


PLAIN = Layout(Signature(inputs=tuple(Column(name=n, type="float64") for n in "ab"), outputs=()), 1e30)


def test_a_matrix_is_taken_row_by_row_in_any_datatype() -> None:
    for kind in ("f8", "f4", "i4", "u8"):
        rows = take_matrix(PLAIN, np.array([1, 2, 3, 4], kind), 2)
        assert join(PLAIN, [rows]).numbers.tolist() == [[1, 2], [3, 4]]


def test_a_wrong_value_in_a_matrix_is_told_with_its_column_and_row() -> None:
    with pytest.raises(Fault, match=r"column 'b': 1e.31 is beyond .*, in row 1"):
        take_matrix(PLAIN, np.array([1, 2, 3, 1e31]), 2)
    with pytest.raises(Fault, match=r"column 'a': null or NaN.*, in row 1"):
        take_matrix(PLAIN, np.array([1, 2, math.nan, 4]), 2)


def test_a_signalling_nan_is_missing_like_any_other_and_warns_nobody() -> None:
    odd = np.frombuffer(bytes([1, 0, 0x80, 0x7F]), "<f4")
    rows = take_arrays(LAYOUT, [odd, ["a"], np.array([1]), np.array([1])], 1)
    found = join(LAYOUT, [rows]).numbers
    assert np.isnan(found[0, 0])
    assert np.isnan(found.astype(np.float32)[0, 0])
