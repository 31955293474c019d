"""Shares of which more is better: exact means over small windows, and what is found in large ones."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.stats.exact import expected

from headway.stats.benefit import log_fallen, log_kept
from headway.stats.sequential import Counts, Line, boundary, log_mean_exp, nearest_null
from headway.stats.track import begun, grown, harm_of, safety_of

TOLERATED = (Line(kind="ratio", by=0.95), Line(kind="offset", by=-0.02))
MARGIN = (Line(kind="ratio", by=0.8), Line(kind="offset", by=-0.05))


@pytest.mark.parametrize(("n", "m"), [(1, 1), (3, 8), (6, 2), (0, 5)])
@pytest.mark.parametrize("control", [1e-9, 0.03, 0.4, 0.99])
def test_evidence_has_mean_at_most_one_on_its_null(n: int, m: int, control: float) -> None:
    for q, part in itertools.product([0.01, 0.06, 0.3, 0.9], [0.0, 0.5, 1.0]):
        tolerated = max(0.0, min(boundary(line, q) for line in TOLERATED))
        p = tolerated + part * (1.0 - tolerated)
        assert expected(lambda counts: log_mean_exp(log_fallen(TOLERATED, control, counts)), n, m, p, q) <= 1.0 + 1e-9
        p = part * max(0.0, min(boundary(line, q) for line in MARGIN))
        assert expected(lambda counts: log_mean_exp(log_kept(MARGIN, control, counts)), n, m, p, q) <= 1.0 + 1e-9


@given(st.floats(-0.3, -1e-4), st.floats(0.001, 0.9), st.floats(0.001, 0.9), st.integers(1, 9000), st.integers(1, 9000))
@settings(max_examples=200, deadline=None)
def test_the_nearest_null_below_the_control_lies_on_its_line_between_zero_and_one(
    by: float, rate: float, control: float, n: int, m: int
) -> None:
    counts = Counts(bad=0, of=n, control_bad=0, control_of=m)
    p, q = nearest_null(Line(kind="offset", by=by), rate, control, counts)
    assert p == pytest.approx(q + by)
    assert 0.0 <= p < q <= 1.0


@given(st.integers(0, 99), st.integers(1, 900))
@settings(max_examples=40, deadline=None)
def test_one_more_success_never_raises_the_evidence_of_a_fall(good: int, control_good: int) -> None:
    fewer, more = (Counts(bad=k, of=100, control_bad=control_good, control_of=1000) for k in (good, good + 1))
    fell = [log_fallen(TOLERATED, 0.2, counts) for counts in (fewer, more)]
    kept = [log_kept(MARGIN, 0.2, counts) for counts in (fewer, more)]
    assert all(a >= b - 1e-9 for a, b in zip(*fell, strict=True))
    assert all(a <= b + 1e-9 for a, b in zip(*kept, strict=True))


def test_lines_that_tolerate_everything_say_nothing() -> None:
    counts = Counts(bad=0, of=100, control_bad=10, control_of=1000)
    wide = (Line(kind="ratio", by=0.9), Line(kind="offset", by=-0.05))
    assert set(log_fallen(wide, 0.01, counts)) == {0.0}
    assert set(log_kept([Line(kind="offset", by=-0.05)], 0.01, counts)) == {0.0}


def test_a_fall_is_found_and_equal_conversion_is_shown_safe() -> None:
    source = np.random.default_rng(1)
    ends = []
    for rate in (0.06, 0.1):
        track, good, of = begun(1), 1000, 10_000
        for _ in range(30):
            counts = Counts(
                bad=int(source.binomial(200, rate)),
                of=200,
                control_bad=int(source.binomial(800, 0.1)),
                control_of=800,
            )
            known = good / of
            margin, harm = log_kept(MARGIN, known, counts), log_fallen([Line(kind="ratio", by=0.95)], known, counts)
            track = grown(track, stage=0, harm=harm, safe=margin)
            good, of = good + counts.control_bad, of + counts.control_of
        ends.append((harm_of(track), safety_of(track)))
    (fallen, unsafe), (harmless, safe) = ends
    assert fallen > math.log(100.0) > 0.0 > unsafe
    assert safe > math.log(20.0) > harmless
