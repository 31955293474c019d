"""What is remembered of predictions and labels."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.serve.watch.recent import SLOTS, Recent, Table


@given(st.lists(st.tuples(st.text(max_size=5), st.integers(0, 2**24 - 1)), max_size=40))
def test_what_was_kept_is_what_is_given(pairs: list[tuple[str, int]]) -> None:
    table = Table()
    for key, value in pairs:
        table.put(key, value)
    assert all(table.get(key) in {value, None} for key, value in dict(pairs).items())
    assert table.get("no such key at all") is None


def test_a_table_keeps_most_of_what_came_lately_and_forgets_the_rest() -> None:
    table = Table()
    for number in range(3 * SLOTS):
        table.put(("id", number), 7)
    late = sum(table.get(("id", number)) == 7 for number in range(3 * SLOTS - 1000, 3 * SLOTS))
    early = sum(table.get(("id", number)) == 7 for number in range(1000))
    assert late > 950
    assert early < 250  # e**-3 of them, for somebody came to nearly every slot since
    assert table.get(("id", -1)) is None


def test_tables_of_other_processes_are_read_too() -> None:
    words = [memoryview(bytearray(8 * SLOTS)).cast("Q") for _ in range(2)]
    first, second = (Table(own, lambda: words) for own in words)
    first.put("a", 1)
    second.put("b", 2)
    assert [(each.get("a"), each.get("b")) for each in (first, second)] == [(1, 2)] * 2


def test_ids_are_made_once() -> None:
    one, other = Recent(), Recent()
    assert len({each.made() for each in (one, other) for _ in range(1000)}) == 2000


@pytest.mark.parametrize(("first", "second"), [(0.5, 0.25), (1, 0), ("a", "b"), (True, False)])
def test_the_first_label_stands(first: str | float, second: str | float) -> None:
    recent = Recent()
    recent.note("delay", "x", 2)
    assert recent.judge("delay", "x", 0, first) == "accepted"
    assert recent.judge("delay", "x", 0, first) == "duplicate"
    assert recent.judge("delay", "x", 0, second) == "conflict"
    assert recent.judge("delay", "x", 1, second) == "accepted"
    assert recent.judge("delay", "x", 2, second) == "no_row"
    assert recent.judge("other", "x", 0, second) == "unknown"
    assert recent.judge("other", "x", 0, second) == "duplicate"
