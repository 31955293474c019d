"""How often the 2x2 e-process is wrong: the rows of the literature chapter's tables in which its assumptions hold."""

import math
from collections.abc import Sequence

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from headway.stats.sequential import HARM_LIFTS, SAFE_FRACTIONS, Counts, Line, log_harm, log_safe
from headway.stats.track import Track, begun, grown, harm_of, safety_of

EQUAL = (Line(kind="ratio", by=1.0),)
MARGIN = (Line(kind="ratio", by=1.5), Line(kind="offset", by=0.005))
ALPHA = 0.05
RAMP = (0.01, 0.05, 0.20, 0.50)


def ever(
    rates: Sequence[tuple[float, float]], sizes: Sequence[tuple[int, int]], *, safe: bool, runs: int, seed: int
) -> float:
    """The share of runs in which evidence ever reaches 1/alpha; windows with equal counts are computed once.

    Rates and sizes of both arms by window; the control's rate before the first is what the bets know.
    """
    source = np.random.default_rng(seed)
    known, memo = rates[0][1], {}
    total: NDArray[np.float64] = np.zeros((runs, len(SAFE_FRACTIONS if safe else HARM_LIFTS)))
    highest = np.full(runs, -math.inf)
    for (p, q), (n, m) in zip(rates, sizes, strict=True):
        bad, control = source.binomial(n, p, runs), source.binomial(m, q, runs)
        for run, (k, c) in enumerate(zip(bad.tolist(), control.tolist(), strict=True)):
            key = (k, n, c, m)
            if key not in memo:
                counts = Counts(bad=k, of=n, control_bad=c, control_of=m)
                memo[key] = np.array(log_safe(MARGIN, known, counts) if safe else log_harm(EQUAL, known, counts))
            total[run] += memo[key]
        evidence = np.logaddexp.reduce(total, axis=1) - math.log(total.shape[1])
        highest = np.maximum(highest, evidence)
    return float((highest >= -math.log(ALPHA)).mean())


def allowed(runs: int) -> float:
    return ALPHA + 3 * math.sqrt(ALPHA * (1 - ALPHA) / runs)


@pytest.mark.parametrize(("windows", "of"), [(60, 600), (60, 30), (1440, 600), (1440, 30)])
def test_an_equal_version_is_called_harmful_no_more_often_than_stated(windows: int, of: int) -> None:
    sizes = [(of, 19 * of)] * windows
    assert ever([(0.01, 0.01)] * windows, sizes, safe=False, runs=150, seed=1) <= allowed(150)


@pytest.mark.parametrize(("windows", "of"), [(60, 600), (60, 30), (1440, 30)])
def test_a_version_at_the_margin_is_called_safe_no_more_often_than_stated(windows: int, of: int) -> None:
    sizes = [(of, 19 * of)] * windows
    assert ever([(0.015, 0.01)] * windows, sizes, safe=True, runs=150, seed=2) <= allowed(150)


def test_a_ramp_under_a_rate_that_drifts_in_both_arms_aborts_nothing_harmless() -> None:
    # Peers abort 99 to 100 % here: they pool the stages.
    drift = [0.01 + 0.01 * at / 59 for at in range(60)]
    sizes = [(round(3000 * RAMP[at // 15]), round(3000 * (1 - RAMP[at // 15]))) for at in range(60)]
    assert ever([(q, q) for q in drift], sizes, safe=False, runs=150, seed=3) <= allowed(150)
    margin = [(max(1.5 * q, q + 0.005), q) for q in drift]
    assert ever(margin, sizes, safe=True, runs=150, seed=4) <= allowed(150)


windows_of = st.lists(
    st.tuples(st.integers(0, 30), st.integers(30, 90), st.integers(0, 80), st.integers(80, 900)),
    min_size=2,
    max_size=8,
)


@given(windows_of, st.integers(1, 7), st.integers(0, 2))
@settings(max_examples=50, deadline=None)
def test_a_track_that_was_stored_goes_on_with_the_same_numbers(
    windows: list[tuple[int, int, int, int]], cut: int, stage: int
) -> None:
    def one_more(track: Track, window: tuple[int, int, int, int]) -> Track:
        bad, of, control_bad, control_of = window
        counts = Counts(bad=bad, of=of, control_bad=control_bad, control_of=control_of)
        return grown(track, stage=stage, harm=log_harm(EQUAL, 0.05, counts), safe=log_safe(MARGIN, 0.05, counts))

    straight = stored = begun(3)
    for at, window in enumerate(windows):
        if at == cut:
            stored = msgspec.json.decode(msgspec.json.encode(stored), type=Track)
        straight, stored = one_more(straight, window), one_more(stored, window)
    assert stored == straight
    assert (harm_of(stored), safety_of(stored)) == (harm_of(straight), safety_of(straight))
