"""What the fuzzer began with and what it found, and any bytes at all, without the fuzzer."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fuzz.conversation import hold
from tests.fuzz.seeds import SEEDS


@pytest.mark.parametrize("seed", SEEDS)
def test_a_good_request_is_read_whole_or_in_pieces(seed: bytes) -> None:
    hold(seed)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(SEEDS), st.data())
def test_a_request_with_a_few_bytes_changed_raises_nothing(seed: bytes, data: st.DataObject) -> None:
    changed = bytearray(seed)
    for _ in range(data.draw(st.integers(1, 4))):
        changed[data.draw(st.integers(0, len(seed) - 1))] = data.draw(st.integers(0, 255))
    hold(bytes(changed))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_no_bytes_at_all_raise_anything(data: bytes) -> None:
    hold(data)
