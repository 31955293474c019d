"""Quantiles and intervals against scipy and statsmodels."""

import math

import numpy as np
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


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=60))
def test_written_tails_are_numpys_quantiles(replicates: list[float]) -> None:
    written = tails(replicates, prefix="ratio_")
    for tail in TAILS:
        assert written[f"ratio_low_{tail}"] == pytest.approx(np.quantile(replicates, tail), abs=1e-9)
        assert written[f"ratio_high_{tail}"] == pytest.approx(np.quantile(replicates, 1 - tail), abs=1e-9)


def test_resampled_bounds_are_scipys_percentile_interval_of_units() -> None:
    units = np.random.default_rng(9).gamma(2.0, size=80)
    drawn = stats.bootstrap((units,), np.mean, n_resamples=1999, confidence_level=0.9, method="percentile", rng=4)
    statistics = {"difference": float(units.mean()), "variance": float(units.var(ddof=1)) / 80}
    found = resampled_bounds(statistics | tails(drawn.bootstrap_distribution.tolist()), alpha=0.05)
    assert (found.low, found.high) == pytest.approx(tuple(drawn.confidence_interval))


@pytest.mark.parametrize("rows", [12, 60, 4000])
def test_wald_bounds_are_scipys_paired_interval(rows: int) -> None:
    source = np.random.default_rng(rows)
    live = source.normal(size=rows)
    differences = live + 0.5 * source.normal(size=rows) - 1.02 * live
    found = wald_bounds(float(differences.mean()), float(differences.var(ddof=1)) / rows, alpha=0.025, degrees=rows - 1)
    wanted = stats.ttest_1samp(differences, 0.0).confidence_interval(0.95)
    half = (wanted.high - wanted.low) / 2
    assert (found.low, found.high) == pytest.approx(tuple(wanted), abs=0.01 * half)


def test_a_level_between_the_written_tails_uses_the_stricter_one() -> None:
    replicates = [float(k) for k in range(2000)]
    statistics = {"difference": 1000.0, "variance": 333_000.0} | tails(replicates)
    assert resampled_bounds(statistics, alpha=0.03).low == statistics["low_0.025"]
    assert resampled_bounds(statistics, alpha=0.5).low == statistics["low_0.05"]
    beyond = resampled_bounds(statistics, alpha=1e-6)
    assert beyond.low < statistics[f"low_{min(TAILS)}"]
    assert beyond.high > statistics[f"high_{min(TAILS)}"]
