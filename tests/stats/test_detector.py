"""The e-detector against the sum that defines it, another implementation, and its run length by simulation."""

import itertools
import json
import math
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from tests.stats.published import cases

from headway.stats.detector import Detector, alarm_of, quiet, watched
from headway.stats.sequential import HARM_LIFTS, Counts, Line, log_harm

FIXED = (Line(kind="fixed", by=0.02),)


def fed(windows: list[list[float]]) -> Detector:
    detector = quiet(len(windows[0]))
    for window in windows:
        detector = watched(detector, window)
    return detector


@given(st.lists(st.lists(st.floats(-3, 3), min_size=3, max_size=3), min_size=1, max_size=12))
@settings(max_examples=60, deadline=None)
def test_it_is_the_sum_of_processes_begun_at_every_window(windows: list[list[float]]) -> None:
    sums = [
        sum(math.exp(math.fsum(window[k] for window in windows[begin:])) for begin in range(len(windows)))
        for k in range(3)
    ]
    assert alarm_of(fed(windows)) == pytest.approx(math.log(sum(sums) / 3), abs=1e-9)


@pytest.mark.parametrize("case", cases("detector"), ids=lambda case: case["package"])
def test_it_is_what_a_public_package_gives_for_one_alternative(case: dict[str, Any]) -> None:
    before, after = case["given"]["rates"]
    logs = [
        [math.log(after / before), math.log((1 - after) / (1 - before))][1 - bad] for bad in case["given"]["failed"]
    ]
    assert alarm_of(fed([[log] for log in logs])) == pytest.approx(case["value"])


def test_its_mean_is_the_number_of_windows_at_most_while_nothing_changes() -> None:
    # Every path of four windows of three requests each, at the border of the null and behind it.
    chances: dict[float, float] = {0.02: 0.0, 0.005: 0.0}
    logs = [list(log_harm(FIXED, 0.02, Counts(bad=k, of=3, control_bad=0, control_of=0))) for k in range(4)]
    for path in itertools.product(range(4), repeat=4):
        evidence = math.exp(alarm_of(fed([logs[k] for k in path])))
        for rate in chances:
            chances[rate] += math.prod(float(stats.binom.pmf(k, 3, rate)) for k in path) * evidence
    assert chances[0.02] == pytest.approx(4.0)
    assert 0.0 < chances[0.005] < 4.0


def run_length(rate: float, changed: float, at: int, source: np.random.Generator, most: int = 4000) -> int:
    """Windows of 100 requests until an alarm at one in a hundred; the rate changes after `at` windows."""
    detector = quiet(len(HARM_LIFTS))
    for window in range(most):
        bad = int(source.binomial(100, rate if window < at else changed))
        detector = watched(detector, log_harm(FIXED, 0.02, Counts(bad=bad, of=100, control_bad=0, control_of=0)))
        if alarm_of(detector) >= math.log(100.0):
            return window + 1
    return most


def test_a_false_alarm_comes_after_one_over_alpha_windows_or_more_on_average() -> None:
    source = np.random.default_rng(5)
    lengths = [run_length(0.02, 0.02, 0, source) for _ in range(60)]
    assert np.mean(lengths) >= 100.0


def test_a_change_after_a_long_healthy_time_is_found_as_soon_as_one_at_the_start() -> None:
    source = np.random.default_rng(6)
    early = [run_length(0.01, 0.06, 0, source) for _ in range(30)]
    late = [run_length(0.01, 0.06, 300, source) - 300 for _ in range(30)]
    assert np.median(early) <= 6
    assert abs(np.median(late) - np.median(early)) <= 2


@given(st.lists(st.lists(st.floats(-50, 50), min_size=2, max_size=2), min_size=2, max_size=10), st.integers(1, 9))
@settings(max_examples=50, deadline=None)
def test_stored_and_read_again_it_goes_on_with_the_same_numbers(windows: list[list[float]], cut: int) -> None:
    before = fed(windows[: min(cut, len(windows) - 1)])
    read = msgspec.json.decode(msgspec.json.encode(before), type=Detector)
    json.loads(msgspec.json.encode(before))
    for window in windows[min(cut, len(windows) - 1) :]:
        read = watched(read, window)
    assert read == fed(windows)


def test_one_more_error_never_lowers_the_alarm() -> None:
    logs = [log_harm(FIXED, 0.02, Counts(bad=k, of=50, control_bad=0, control_of=0)) for k in range(6)]
    alarms = [alarm_of(watched(watched(quiet(len(HARM_LIFTS)), logs[1]), log)) for log in logs]
    assert alarms == sorted(alarms)
