"""Freezes: when they hold, and what is no time."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.spec.freeze import DAYS, Freeze, fault_of, frozen

WEEKEND = Freeze(begin="fri 16:00", end="mon 08:00")
YEAR_END = Freeze(begin="2026-12-20 00:00", end="2027-01-02 08:00")


def at(*when: int) -> float:
    return datetime(*when, tzinfo=UTC).timestamp()  # type: ignore[arg-type,misc]  # the parts of a time


@pytest.mark.parametrize(
    ("now", "until"),
    [
        (at(2026, 11, 27, 15, 59), ""),
        (at(2026, 11, 27, 16, 0), "frozen until Mon 2026-11-30 08:00 UTC"),
        (at(2026, 11, 29, 23, 59), "frozen until Mon 2026-11-30 08:00 UTC"),
        (at(2026, 11, 30, 7, 59), "frozen until Mon 2026-11-30 08:00 UTC"),
        (at(2026, 11, 30, 8, 0), ""),
        (at(2026, 12, 19, 12, 0), "frozen until Mon 2026-12-21 08:00 UTC"),
        (at(2026, 12, 20, 12, 0), "frozen until Sat 2027-01-02 08:00 UTC"),
        (at(2027, 1, 5, 12, 0), ""),
    ],
)
def test_it_is_frozen_from_the_begin_on_and_no_more_at_the_end(now: float, until: str) -> None:
    assert frozen([WEEKEND, YEAR_END], now) == until


times = st.builds(lambda day, hour, minute: f"{day} {hour:02d}:{minute:02d}", st.sampled_from(DAYS),
                  st.integers(0, 23), st.integers(0, 59))  # fmt: skip


@given(times, times, st.integers(0, 4 * 10**9))
def test_a_week_is_parted_by_a_freeze_and_its_reverse(begin: str, end: str, now: int) -> None:
    if begin != end:
        one, other = Freeze(begin=begin, end=end), Freeze(begin=end, end=begin)
        assert fault_of(one) == fault_of(other) == ""
        assert bool(frozen([one], now)) != bool(frozen([other], now))
        assert frozen([one], now) == frozen([one], now + 7 * 86400) or frozen([one], now)


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        ("friday", "mon 08:00"),
        ("fri 24:00", "mon 08:00"),
        ("fri 16:00", "2026-12-20 00:00"),
        ("2027-01-02 08:00", "2026-12-20 00:00"),
        ("fri 16:00", "fri 16:00"),
        ("2026-02-30 00:00", "2026-12-20 00:00"),
    ],
)
def test_what_is_no_time_is_said_and_freezes_nothing(begin: str, end: str) -> None:
    freeze = Freeze(begin=begin, end=end)
    assert fault_of(freeze)
    if begin != end:
        assert frozen([freeze], at(2027, 3, 3)) == ""
