"""Counters that are scraped, restarted and replaced, against the events that really happened."""

import math
import random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headway.stats.counters import Counters, Sample, forgotten, increment


def at(*points: tuple[float, float]) -> list[Sample]:
    return [Sample(at=time, value=value) for time, value in points]


# A life is the growth of one process between scrapes; a series is the lives that share its name.
lives = st.lists(st.lists(st.integers(0, 1000), min_size=1, max_size=6), min_size=1, max_size=3)


def scraped(series: list[list[int]], born: float) -> tuple[list[Sample], int]:
    """The samples of a series and how many events they show: a reset hides if a life begins with as much as before."""
    found, time, events, last = [], born, 0, 0
    for life in series:
        value = 0
        for growth in life:
            value += growth
            time += 15.0
            found.append(Sample(at=time, value=float(value)))
        events += sum(life) - (last if life[0] >= last else 0)
        last = value
    return found, events


@given(
    st.lists(lives, min_size=1, max_size=4), st.lists(st.floats(0, 300), max_size=5), st.randoms(use_true_random=False)
)
@settings(max_examples=40, deadline=None)
def test_all_events_are_counted_once_whatever_the_readings(
    fleet: list[list[list[int]]], cuts: list[float], order: random.Random
) -> None:
    samples = {f"pod {k}": scraped(series, born=7.0 * k) for k, series in enumerate(fleet)}
    state: Counters | None = Counters(last={})
    total = 0.0
    for until in [*sorted(cuts), math.inf]:
        # Each reading brings everything up to its time again, shuffled: readings overlap.
        batch = {name: order.sample(found, len(found)) for name, (found, _) in samples.items()}
        stored = msgspec.json.decode(msgspec.json.encode(state), type=Counters)
        state, added = increment(stored, batch, until=until)
        assert state == increment(Counters(last={}), batch, until=until)[0]
        total += added.value
        assert added.value >= 0.0
        assert added.conflicts == added.unusable == 0
    assert total == sum(events for _, events in samples.values())


def test_the_first_reading_counts_nothing_and_says_where_series_stand() -> None:
    state, first = increment(None, {"a": at((0, 100), (15, 130))})
    assert (first.value, first.new, first.series, first.until) == (0.0, 0, 1, 15.0)
    assert increment(state, {"a": at((30, 150))})[1].value == 20.0


def test_pods_come_and_go_and_a_scrape_may_fail() -> None:
    state, _ = increment(None, {"a": at((0, 100)), "b": at((0, 50))})
    state, second = increment(state, {"a": at((15, 110)), "c": at((15, 7))})
    assert (second.value, second.new, second.series) == (17.0, 1, 2)
    state, third = increment(state, {"b": at((30, 80))})
    assert (third.value, third.new, third.series) == (30.0, 0, 1)
    assert list(forgotten(state, before=16.0).last) == ["b"]


def test_a_late_sample_belongs_to_the_window_in_which_it_is_read() -> None:
    state, _ = increment(None, {"a": at((0, 0)), "b": at((0, 0))})
    state, early = increment(state, {"a": at((15, 5), (31, 8))}, until=30.0)
    assert (early.value, early.until) == (5.0, 15.0)
    _, late = increment(state, {"a": at((15, 5), (31, 8)), "b": at((15, 3))}, until=45.0)
    assert late.value == 6.0


def test_a_silent_source_adds_nothing_and_says_so() -> None:
    state, _ = increment(None, {"a": at((0, 100))})
    for batch in ({}, {"a": []}, {"a": at((0, 100))}):
        after, silent = increment(state, batch)
        assert after == state
        assert (silent.value, silent.series) == (0.0, 0)
        assert math.isnan(silent.until)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -1.0])
def test_a_value_that_is_no_count_is_left_out_and_told(value: float) -> None:
    state, _ = increment(None, {"a": at((0, 100))})
    state, found = increment(state, {"a": at((15, value), (30, 104))})
    assert (found.value, found.unusable, found.resets) == (4.0, 1, 0)
    _, nowhere = increment(state, {"a": at((math.nan, 7))})
    assert (nowhere.value, nowhere.unusable, nowhere.series) == (0.0, 1, 0)


def test_a_reset_adds_what_was_counted_since() -> None:
    state, _ = increment(None, {"a": at((0, 100))})
    state, found = increment(state, {"a": at((15, 110), (30, 2), (45, 9), (60, 1))})
    assert (found.value, found.resets) == (20.0, 2)


def test_two_values_at_one_time_never_look_like_a_reset() -> None:
    state, _ = increment(None, {"a": at((0, 100))})
    state, found = increment(state, {"a": at((15, 105), (15, 104), (15, 90), (30, 106))})
    assert (found.value, found.conflicts, found.resets) == (6.0, 1, 0)
    again, found = increment(state, {"a": at((30, 90))})
    assert (found.value, found.conflicts, again) == (0.0, 1, state)
    same, found = increment(state, {"a": at((30, 106), (30, 106))})
    assert (found.conflicts, same) == (0, state)
