"""Quantities: every text form is read, what is written is read again, and a bare number is told what it lacks."""

import re
from math import isclose

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from headway.spec.quantity import NAMES, PATTERNS, QUANTITIES, bare, suggestion, written

READ = [
    ("seconds", "250ms", 0.25),
    ("seconds", "0", 0.0),
    ("seconds", "1.5h", 5400.0),
    ("seconds", "90d", 7_776_000.0),
    ("ratio", "1.25x", 1.25),
    ("share", "5%", 0.05),
    ("share", "0.5pp", 0.005),
    ("share", "0", 0.0),
    ("per_second", "90/m", 1.5),
    ("per_second", "7200/h", 2.0),
    ("byte_size", "512Mi", 2**29),
    ("byte_size", "2G", 2 * 10**9),
    ("byte_size", "1.5Ki", 1536),
    ("byte_size", "100", 100),
]
REFUSED = [
    ("seconds", "60"), ("seconds", "-1s"), ("seconds", "1 h"), ("seconds", "1e3s"), ("seconds", "1h30m"),
    ("ratio", "0"), ("ratio", "1.5"), ("share", "0.05"), ("share", "5 %"), ("per_second", "100"),
    ("byte_size", "512MB"), ("byte_size", "1.5"), ("byte_size", ""), ("seconds", "٣s"), ("seconds", "1s\n"),
    ("seconds", "9" * 400 + "d"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "value"), READ)
def test_a_text_form_is_read_in_the_base_unit(name: str, text: str, value: float) -> None:
    assert QUANTITIES[name](text) == value


@pytest.mark.parametrize(("name", "text"), REFUSED)
def test_what_is_no_form_is_refused_with_the_form_wanted(name: str, text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(NAMES[name])):
        QUANTITIES[name](text)


@pytest.mark.parametrize("name", list(QUANTITIES))
def test_what_is_written_is_read_as_the_same(name: str) -> None:
    @given(st.from_regex(re.compile(f"(?:{PATTERNS[name]})\\Z", re.ASCII), fullmatch=True))
    def holds(text: str) -> None:
        value = QUANTITIES[name](text)
        assume(value < 10**15)  # more digits than are read
        again = QUANTITIES[name](written(name, value))
        assert isclose(again, value, rel_tol=1e-9, abs_tol=1e-11)
        assert isclose(QUANTITIES[name](written(name, again)), again, rel_tol=1e-9, abs_tol=1e-11)

    holds()


@given(st.sampled_from(list(QUANTITIES)), st.floats(min_value=0.001, max_value=1000))
def test_a_suggestion_is_a_form_that_is_read(name: str, value: float) -> None:
    shown = suggestion(name, round(value, 6))
    assert not shown or QUANTITIES[name](shown.strip("`")) > 0


@given(st.sampled_from(list(QUANTITIES)), st.one_of(st.none(), st.booleans(), st.text()))
def test_what_is_no_number_suggests_nothing(name: str, value: object) -> None:
    assert suggestion(name, value) == ""


@given(st.floats(min_value=0.001, exclude_min=True, max_value=1e9))
def test_a_bare_number_has_a_meaning_only_as_bytes(value: float) -> None:
    assert all(bare(name, value) is None for name in QUANTITIES if name != "byte_size")
    assert bare("byte_size", round(value)) == round(value)
