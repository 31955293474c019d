"""Rows of numbers are taken at once, or value by value: what is let in is the same."""

from array import array
from collections.abc import Callable
from itertools import chain
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from headway.evidence.bundle import Column, Signature
from headway.serve.batching.checks import check_numbers
from headway.serve.batching.rows import Layout, take_flat
from headway.serve.fault import Fault

LARGEST = 3.4028234663852886e38  # of a float32
COLUMNS = tuple(Column(name=name, type="float64") for name in "abc")
LAYOUT = Layout(Signature(inputs=COLUMNS, outputs=()), LARGEST)

VALUES: st.SearchStrategy[Any] = (
    st.floats()
    | st.floats(width=32)
    | st.sampled_from([LARGEST, -LARGEST, LARGEST * 1.0001, 10**38, 10**39, 10**400, -(10**400), 2**63])
    | st.sampled_from([True, None, "1", [1.0], {}])
)


def outcome(take: Callable[[], bytes]) -> bytes | str:
    """The numbers as they are kept, or what the fault says."""
    try:
        return take()
    except Fault as fault:
        return fault.message


@given(st.lists(st.lists(VALUES, min_size=3, max_size=3), min_size=1, max_size=4))
def test_numbers_are_let_in_as_column_by_column(rows: list[list[Any]]) -> None:
    def apart() -> bytes:
        columns = [check_numbers(col, [row[at] for row in rows], LARGEST) for at, col in enumerate(COLUMNS)]
        return array("d", chain.from_iterable(zip(*columns, strict=True))).tobytes()

    flat = list(chain.from_iterable(rows))
    assert outcome(lambda: take_flat(LAYOUT, flat, len(rows)).numbers) == outcome(apart)


def test_large_numbers_that_each_fit_are_let_in_together() -> None:
    row = [LARGEST, -LARGEST, LARGEST]
    assert take_flat(LAYOUT, row, 1).numbers == array("d", row).tobytes()
