"""Judged between windows: what the e-processes of single requests cannot be trusted with."""

import math

import numpy as np
import pytest

from headway.stats.between import Between, between, log_beyond, log_within, seen
from headway.stats.sequential import Counts, Line

TOLERATED = (Line(kind="ratio", by=1.1), Line(kind="offset", by=0.001))
MARGIN = (Line(kind="ratio", by=1.5), Line(kind="offset", by=0.005))
ALPHA = 0.05


def windows(source: np.random.Generator, *, rate: float, control: float = 0.01, burst: int = 10) -> list[Counts]:
    """An hour of 600 requests of the candidate's and 11,400 of the control's a minute; errors come in bursts."""
    mine, other = burst * source.poisson(600 * rate / burst, 60), burst * source.poisson(11_400 * control / burst, 60)
    return [
        Counts(bad=int(min(bad, 600)), of=600, control_bad=int(control_bad), control_of=11_400)
        for bad, control_bad in zip(mine, other, strict=True)
    ]


def judged(given: list[Counts], lines: tuple[Line, ...]) -> list[Between]:
    states, state = [], between(lines, 0.01, given[0], spread=10.0)
    for window in given:
        state = seen(state, window)
        states.append(state)
    return states


@pytest.mark.parametrize("burst", [1, 3, 10])
def test_a_harmless_candidate_is_called_harmful_no_more_often_than_stated_in_bursts_of(burst: int) -> None:
    source, runs = np.random.default_rng(burst), 200
    wrong = sum(
        max(map(log_beyond, judged(windows(source, rate=0.01, burst=burst), TOLERATED))) >= -math.log(ALPHA)
        for _ in range(runs)
    )
    assert wrong / runs <= ALPHA + 3 * math.sqrt(ALPHA * (1 - ALPHA) / runs)


def test_a_candidate_at_the_margin_is_called_safe_no_more_often_than_stated() -> None:
    source, runs = np.random.default_rng(5), 200
    wrong = sum(
        max(map(log_within, judged(windows(source, rate=0.015), MARGIN))) >= -math.log(ALPHA) for _ in range(runs)
    )
    assert wrong / runs <= ALPHA + 3 * math.sqrt(ALPHA * (1 - ALPHA) / runs)


@pytest.mark.parametrize(("of", "burst", "minutes"), [(600, 10, 60), (200, 5, 120), (60, 10, 600)])
def test_where_bursts_are_rare_safety_waits_for_those_that_would_have_come(of: int, burst: int, minutes: int) -> None:
    source, runs, wrong = np.random.default_rng(of), 60, 0
    for _ in range(runs):
        mine = burst * source.poisson(of * 0.015 / burst, minutes)
        other = burst * source.poisson(19 * of * 0.01 / burst, minutes)
        given = [
            Counts(bad=min(of, int(bad)), of=of, control_bad=int(control_bad), control_of=19 * of)
            for bad, control_bad in zip(mine, other, strict=True)
        ]
        state = between(MARGIN, 0.01, given[0], spread=float(burst))
        for window in given:
            state = seen(state, window)
            if log_within(state) >= -math.log(ALPHA):
                wrong += 1
                break
    assert wrong / runs <= ALPHA + 3 * math.sqrt(ALPHA * (1 - ALPHA) / runs)


def test_that_nothing_fails_any_more_is_safe_once_bursts_would_have_come() -> None:
    window = Counts(bad=0, of=600, control_bad=0, control_of=11_400)
    state, safe = between(MARGIN, 0.01, window, spread=10.0), []
    for _ in range(30):
        state = seen(state, window)
        safe.append(log_within(state))
    # 600 requests would bring 0.9 bursts of ten at 1.5 %, and 20 bursts are needed for 1 in 20.
    assert safe == [0.0] * 9 + [pytest.approx(0.15 * 0.9 * windows) for windows in range(10, 31)]
    assert safe[21] < -math.log(ALPHA) < safe[22]


def test_a_bad_candidate_is_found_and_an_equal_one_let_through_within_the_hour() -> None:
    source = np.random.default_rng(7)
    found = [log_beyond(judged(windows(source, rate=0.03), TOLERATED)[-1]) for _ in range(40)]
    safe = [log_within(judged(windows(source, rate=0.01, burst=3), MARGIN)[-1]) for _ in range(40)]
    assert sorted(found)[4] > math.log(100)
    assert sorted(safe)[4] > math.log(20)


def test_nothing_is_said_before_ten_windows_however_bad_they_are() -> None:
    states = judged([Counts(bad=300 + at, of=600, control_bad=114, control_of=11_400) for at in range(12)], TOLERATED)
    assert [log_beyond(state) for state in states[:9]] == [0.0] * 9
    assert log_beyond(states[9]) > math.log(1000)


def test_a_window_in_which_one_arm_has_no_request_says_nothing() -> None:
    first = Counts(bad=1, of=100, control_bad=10, control_of=1000)
    state = seen(between(TOLERATED, 0.01, first, spread=2.0), first)
    assert seen(state, Counts(bad=0, of=0, control_bad=10, control_of=1000)) == state


@pytest.mark.parametrize("rate", [0.0, 1.0])
def test_a_control_that_always_or_never_fails_is_judged_too(rate: float) -> None:
    window = Counts(bad=round(100 * rate), of=100, control_bad=round(1000 * rate), control_of=1000)
    state = between(MARGIN, rate, window, spread=2.0)
    for _ in range(20):
        state = seen(state, window)
    assert math.isfinite(log_beyond(state))
    assert math.isfinite(log_within(state))
