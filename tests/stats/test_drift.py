"""Drift scores against scipy, against their definition, and against what chance does at small windows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial import distance

from headway.stats.drift import (
    chi_square_tail,
    drift_score,
    js_distance,
    ks_distance,
    psi,
    same_distribution,
)

counts = st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 5000)), min_size=2, max_size=40).filter(
    lambda pairs: sum(a for a, _ in pairs) > 0 and sum(b for _, b in pairs) > 0
)


@given(st.floats(1e-6, 500.0), st.integers(1, 300))
@settings(max_examples=200)
def test_the_chi_square_tail_agrees_with_scipy(statistic: float, degrees: int) -> None:
    assert chi_square_tail(statistic, degrees) == pytest.approx(stats.chi2.sf(statistic, degrees), rel=1e-9, abs=1e-12)


def test_the_g_test_agrees_with_scipy_where_no_bin_is_rare() -> None:
    reference, window = [400, 300, 200, 100], [90, 80, 20, 30]
    found = stats.chi2_contingency([reference, window], correction=False, lambda_="log-likelihood")
    assert same_distribution(reference, window) == pytest.approx(found.pvalue)


def test_the_distance_is_scipys_for_windows_so_large_that_chance_adds_nothing() -> None:
    reference, window = [400_000_000, 300_000_000, 300_000_000], [200_000_000, 300_000_000, 500_000_000]
    wanted = distance.jensenshannon([0.4, 0.3, 0.3], [0.2, 0.3, 0.5], base=2)
    assert js_distance(reference, window) == pytest.approx(wanted, abs=1e-6)


@given(counts)
@settings(max_examples=200)
def test_scores_stay_in_their_range_and_do_not_depend_on_the_order_of_bins(pairs: list[tuple[int, int]]) -> None:
    reference, window = [a for a, _ in pairs], [b for _, b in pairs]
    assert 0.0 <= js_distance(reference, window) <= 1.0
    assert 0.0 <= drift_score(reference, window) <= 1.0
    assert 0.0 <= ks_distance(reference, window) <= 1.0 + 1e-12
    assert 0.0 <= same_distribution(reference, window) <= 1.0
    assert psi(reference, window) >= 0.0
    assert js_distance(reference[::-1], window[::-1]) == pytest.approx(js_distance(reference, window), abs=1e-7)
    assert js_distance(window, reference) == pytest.approx(js_distance(reference, window), abs=1e-7)


def test_quiet_columns_are_flagged_as_rarely_as_the_level_says_with_rare_levels_and_a_small_reference() -> None:
    source = np.random.default_rng(1)
    shares = source.dirichlet(np.full(30, 0.3))
    flagged = 0
    for _ in range(600):
        reference, window = source.multinomial(1000, shares), source.multinomial(1000, shares)
        flagged += same_distribution(reference.tolist(), window.tolist()) < 0.05
    assert flagged / 600 <= 0.085


def test_many_levels_and_a_small_window_are_no_drift_by_themselves() -> None:
    source = np.random.default_rng(2)
    scores = [
        drift_score(
            source.multinomial(50_000, [1 / 129] * 129).tolist(), source.multinomial(1000, [1 / 129] * 129).tolist()
        )
        for _ in range(50)
    ]
    assert max(scores) < 0.1


def test_a_moved_column_scores_beyond_the_default_limit() -> None:
    source = np.random.default_rng(3)
    edges = stats.norm.ppf(np.arange(1, 32) / 32)
    reference = np.bincount(np.searchsorted(edges, source.normal(size=20_000)), minlength=33)
    moved = np.bincount(np.searchsorted(edges, source.normal(0.5, size=1000)), minlength=33)
    assert drift_score(reference.tolist(), moved.tolist()) > 0.15
    assert same_distribution(reference.tolist(), moved.tolist()) < 1e-6


def test_missing_values_score_by_how_much_their_share_changed() -> None:
    assert drift_score([500, 500, 0], [470, 470, 60]) == pytest.approx(0.06)
    assert drift_score([0, 0, 100], [50, 50, 0]) == 1.0
    assert same_distribution([500, 500, 0], [470, 470, 60]) < 1e-6


def test_the_gap_of_cumulative_shares_is_scipys_on_the_bins() -> None:
    source = np.random.default_rng(4)
    reference, window = source.integers(0, 12, 500), source.integers(2, 14, 300)
    found = ks_distance(np.bincount(reference, minlength=14).tolist(), np.bincount(window, minlength=14).tolist())
    assert found == pytest.approx(stats.ks_2samp(reference, window).statistic)


def test_no_rows_are_no_drift() -> None:
    empty = ([0, 0], [0, 0])
    assert (js_distance(*empty), psi(*empty), ks_distance(*empty), same_distribution(*empty)) == (0.0, 0.0, 0.0, 1.0)
    assert same_distribution([5, 0], [3, 0]) == 1.0
