"""Quantiles and intervals against scipy and statsmodels."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from headway.stats.intervals import normal_quantile, student_quantile, wald_bounds, wilson
from headway.stats.resample import TAILS, resampled_bounds, tails
from headway.stats.spending import spent


@given(st.floats(1e-12, 1 - 1e-12))
def test_the_normal_quantile_agrees_with_scipy(probability: float) -> None:
    assert normal_quantile(probability) == pytest.approx(stats.norm.ppf(probability), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("degrees", [8, 15, 30, 200])
@pytest.mark.parametrize("alpha", [0.05, 0.025, 0.005, 0.0005])
def test_the_student_quantile_is_within_one_percent_of_scipy(degrees: int, alpha: float) -> None:
    assert student_quantile(1 - alpha, degrees) == pytest.approx(stats.t.ppf(1 - alpha, degrees), rel=0.01)


@given(st.integers(1, 500), st.floats(0, 1))
def test_wilson_agrees_with_statsmodels(trials: int, share: float) -> None:
    successes = round(share * trials)
    found = wilson(successes, trials)
    low, high = proportion_confint(successes, trials, method="wilson")
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-9)


def test_no_trials_and_no_probability_are_refused() -> None:
    with pytest.raises(ValueError, match="no trials"):
        wilson(0, 0)
    with pytest.raises(ValueError, match="between 0 and 1"):
        normal_quantile(1.0)
    with pytest.raises(ValueError, match="count from 1"):
        spent(0.05, 0)


def test_all_uses_of_a_test_set_together_spend_the_level() -> None:
    assert math.fsum(spent(0.05, use) for use in range(1, 100_000)) == pytest.approx(0.05, rel=1e-4)


@given(st.floats(-1, 1), st.floats(0, 1), st.floats(1e-4, 0.2))
def test_a_smaller_level_never_narrows_a_bound(point: float, variance: float, alpha: float) -> None:
    wide, narrow = wald_bounds(point, variance, alpha=alpha / 3), wald_bounds(point, variance, alpha=alpha)
    assert wide.low <= narrow.low <= narrow.high <= wide.high


def test_a_level_between_the_written_tails_uses_the_stricter_one() -> None:
    replicates = [float(k) for k in range(2000)]
    statistics = {"difference": 1000.0, "variance": 333_000.0} | tails(replicates)
    assert resampled_bounds(statistics, alpha=0.03).low == statistics["low_0.025"]
    assert resampled_bounds(statistics, alpha=0.5).low == statistics["low_0.05"]
    beyond = resampled_bounds(statistics, alpha=1e-6)
    assert beyond.low < statistics[f"low_{min(TAILS)}"]
    assert beyond.high > statistics[f"high_{min(TAILS)}"]
