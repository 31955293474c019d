"""What is foretold of comparisons between windows, against windows with bursts that are folded one by one."""

import itertools
import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headway.stats.between import Between, between, log_beyond, log_within, seen
from headway.stats.course import (
    Course,
    Sums,
    ahead,
    chance_between,
    expected_log,
    harm_course,
    outlook_between,
    safe_course,
    wait_between,
)
from headway.stats.growth import Prospect
from headway.stats.mixture import log_above, total_at
from headway.stats.sequential import Counts, Line

TOLERATED = (Line(kind="ratio", by=1.1), Line(kind="offset", by=0.001))
MARGIN = (Line(kind="ratio", by=1.5), Line(kind="offset", by=0.005))
Evidence = Callable[[Between], float]


def reached(
    prospect: Prospect, lines: Sequence[Line], evidence_of: Evidence, *, burst: int, asked: float, most: int
) -> list[float]:
    """In which window each of some runs, whose errors come in bursts, has the evidence asked for; infinite: in none."""
    source, found = np.random.default_rng(17), []
    of, control_of = int(prospect.of), int(prospect.control_of)
    for _ in range(120):
        mine = burst * source.poisson(of * prospect.rate / burst, most)
        other = burst * source.poisson(control_of * prospect.control / burst, most)
        took, state = math.inf, None
        for at in range(most):
            counts = Counts(
                bad=min(of, int(mine[at])), of=of, control_bad=min(control_of, int(other[at])), control_of=control_of
            )
            state = seen(state or between(lines, prospect.control, counts, spread=float(burst)), counts)
            if evidence_of(state) >= asked:
                took = at + 1.0
                break
        found.append(took)
    return found


@pytest.mark.parametrize(
    ("times", "base", "of", "burst"),
    [(3.0, 0.01, 600, 10), (2.0, 0.01, 600, 10), (2.0, 0.01, 600, 3), (2.0, 0.05, 100, 5), (10.0, 0.01, 600, 3)],
)
def test_harm_is_shown_when_it_was_foretold(times: float, base: float, of: int, burst: int) -> None:
    prospect, asked = Prospect(rate=times * base, control=base, of=of, control_of=19 * of), math.log(200)
    course = harm_course(TOLERATED, prospect, spread=float(burst))
    windows, _ = outlook_between(asked, course, 1.0)
    found = reached(prospect, TOLERATED, log_beyond, burst=burst, asked=asked, most=round(3 * windows))
    assert windows == pytest.approx(float(np.median(found)), rel=0.15)
    for within in (0.7 * windows, windows, 2.0 * windows):
        share = sum(took <= within for took in found) / len(found)
        assert chance_between(asked, course, within) == pytest.approx(share, abs=0.15)


@pytest.mark.parametrize(
    ("base", "of", "burst"), [(0.01, 600, 3), (0.05, 100, 4), (0.05, 600, 10), (0.001, 600, 2), (0.01, 200, 5)]
)
def test_safety_is_shown_when_it_was_foretold(base: float, of: int, burst: int) -> None:
    prospect, asked = Prospect(rate=base, control=base, of=of, control_of=19 * of), math.log(20)
    course = safe_course(MARGIN, prospect, spread=float(burst))
    windows, _ = outlook_between(asked, course, 1.0)
    found = reached(prospect, MARGIN, log_within, burst=burst, asked=asked, most=round(3 * windows))
    assert windows == pytest.approx(float(np.median(found)), rel=0.3)
    expected, _ = wait_between(asked, Sums(), course)
    assert expected == pytest.approx(float(np.mean([took for took in found if took < math.inf])), rel=0.25)


@given(st.floats(0.05, 8.0), st.floats(0.01, 1e6), st.floats(1e-3, 1e3))
@settings(max_examples=100, deadline=None)
def test_the_total_that_is_enough_is_where_the_evidence_is(evidence: float, variance: float, share: float) -> None:
    rho = variance * share
    total, rise = total_at(evidence, variance, rho=rho)
    assert log_above(total, variance, rho=rho) == pytest.approx(evidence, abs=1e-8)
    step = 1e-4 * variance
    beyond, _ = total_at(evidence, variance + step, rho=rho)
    assert beyond - total == pytest.approx(rise * step, rel=1e-2, abs=1e-12 + 1e-9 * abs(total))


@given(st.floats(0.02, 2.0), st.floats(0.1, 100.0), st.floats(0.1, 10.0), st.floats(0.5, 8.0))
@settings(max_examples=60, deadline=None)
def test_more_windows_and_less_evidence_never_lower_the_chance(
    strength: float, variance: float, share: float, evidence: float
) -> None:
    course = Course(mean=strength * math.sqrt(variance), variance=variance, rho=share * variance)
    chances = [chance_between(evidence, course, within) for within in (5, 10, 20, 100, 1000, 1e5)]
    assert chances[0] == 0.0
    assert all(0.0 <= low <= high + 0.01 <= 1.02 for low, high in itertools.pairwise(chances))
    assert chance_between(evidence + 1.0, course, 20) <= chances[2] + 1e-9


@given(st.floats(0.05, 2.0), st.floats(0.5, 8.0), st.floats(0.0, 30.0), st.floats(-10.0, 10.0), st.floats(0.1, 9.0))
@settings(max_examples=60, deadline=None)
def test_after_the_time_that_was_expected_the_evidence_is_enough(
    strength: float, evidence: float, windows: float, total: float, bursts: float
) -> None:
    course = Course(mean=strength, variance=1.0, rho=2.0, bursts=bursts)
    stand = Sums(windows=windows, total=total, variance=windows, bursts=windows)
    wait, variance = wait_between(evidence, stand, course)
    there = ahead(stand, course, wait)
    assert there.windows >= 10.0 * (1.0 - 1e-9)
    assert 0.15 * there.bursts >= evidence * (1.0 - 1e-6)
    assert expected_log(there, rho=course.rho) >= evidence - 1e-4
    assert variance >= 0.0


def test_what_tends_the_other_way_or_has_no_requests_is_never_shown() -> None:
    alike = Prospect(rate=0.01, control=0.01, of=600, control_of=11_400)
    nobody = Prospect(rate=0.01, control=0.01, of=0, control_of=0)
    for course in (harm_course(TOLERATED, alike, spread=5.0), harm_course(TOLERATED, nobody, spread=5.0)):
        assert outlook_between(3.0, course, 1e6) == (math.inf, 0.0)
        assert wait_between(3.0, Sums(), course) == (math.inf, 0.0)
