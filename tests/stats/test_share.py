"""One share at all times, against scipy's beta-binomial, by enumeration and by simulation."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from headway.stats.intervals import wilson
from headway.stats.share import WEIGHT, log_other_share, share_interval


@given(st.integers(0, 300), st.integers(300, 5000), st.floats(0.001, 0.999))
@settings(deadline=None)
def test_evidence_is_the_beta_binomial_over_the_binomial_of_scipy(count: int, of: int, share: float) -> None:
    mixed = stats.betabinom.logpmf(count, of, WEIGHT * share, WEIGHT * (1.0 - share))
    truth = float(mixed - stats.binom.logpmf(count, of, share))
    assert log_other_share(count, of, share) == pytest.approx(truth, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("of", [1, 5, 60])
@pytest.mark.parametrize("share", [0.001, 0.2, 0.97])
def test_evidence_has_a_mean_of_one_at_its_share(of: int, share: float) -> None:
    mean = sum(
        float(stats.binom.pmf(count, of, share)) * math.exp(log_other_share(count, of, share))
        for count in range(of + 1)
    )
    assert mean == pytest.approx(1.0)


@pytest.mark.parametrize("share", [0.01, 0.5, 0.9])
def test_the_share_is_ever_left_no_more_often_than_stated(share: float) -> None:
    source, runs, alpha = np.random.default_rng(1), 400, 0.1
    totals = np.cumsum(source.binomial(50, share, (runs, 60)), axis=1)
    missed = sum(
        any(log_other_share(int(count), 50 * (at + 1), share) >= -math.log(alpha) for at, count in enumerate(row))
        for row in totals
    )
    assert missed / runs <= alpha + 3 * math.sqrt(alpha * (1 - alpha) / runs)


@given(st.integers(20, 2000), st.integers(20, 2000), st.floats(0.001, 0.3))
@settings(max_examples=60, deadline=None)
def test_an_interval_is_what_is_not_rejected_and_wider_than_that_of_one_look(
    count: int, others: int, alpha: float
) -> None:
    of = count + others
    found = share_interval(count, of, alpha=alpha)
    assert 0.0 <= found.low <= found.point <= found.high <= 1.0
    once = wilson(count, of, alpha=alpha)
    assert found.low <= once.low + 1e-9
    assert once.high - 1e-9 <= found.high
    for share in np.linspace(0.001, 0.999, 200):
        if log_other_share(count, of, float(share)) < -math.log(alpha):
            assert found.low - 1e-9 <= share <= found.high + 1e-9


@given(st.integers(0, 499), st.floats(0.001, 0.3))
@settings(max_examples=40, deadline=None)
def test_one_more_never_lowers_an_end(count: int, alpha: float) -> None:
    fewer, more = (share_interval(k, 500, alpha=alpha) for k in (count, count + 1))
    assert fewer.low <= more.low + 1e-9
    assert fewer.high <= more.high + 1e-9


def test_nothing_seen_leaves_everything_open_and_nonsense_is_refused() -> None:
    none = share_interval(0, 0)
    assert math.isnan(none.point)
    assert (none.low, none.high) == (0.0, 1.0)
    assert share_interval(0, 5000).high < 0.01
    assert share_interval(5000, 5000).low > 0.99
    with pytest.raises(ValueError, match="cannot be"):
        log_other_share(3, 2, 0.5)
    with pytest.raises(ValueError, match="no interval"):
        share_interval(3, 2)
