"""Moments against numpy; ratios and CUPED against the same done on every value."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportions_ztest

from headway.stats.moments import Pairs, adjusted, cap_of, joined, linearised, moments, pairs, shares
from headway.stats.sequential import Counts

numbers = st.floats(-1e4, 1e4)
rows = st.lists(st.tuples(numbers, numbers), min_size=2, max_size=30)


def split(both: list[tuple[float, float]]) -> tuple[list[float], list[float]]:
    return [y for y, _ in both], [x for _, x in both]


def fields(found: Pairs) -> list[float]:
    return [found.count, found.y, found.x, found.var_y, found.var_x, found.covariance]


@given(rows)
@settings(deadline=None)
def test_moments_are_those_of_numpy(both: list[tuple[float, float]]) -> None:
    found = pairs(*split(both))
    cov = np.cov(np.array(both).T)
    means = np.mean(both, axis=0)
    truth = [len(both), means[0], means[1], cov[0, 0], cov[1, 1], cov[0, 1]]
    assert fields(found) == pytest.approx(truth, rel=1e-6, abs=1e-6)


@given(rows, rows, rows)
@settings(max_examples=40, deadline=None)
def test_windows_join_in_any_order_to_the_moments_of_all_values(
    a: list[tuple[float, float]], b: list[tuple[float, float]], c: list[tuple[float, float]]
) -> None:
    whole = fields(pairs(*split(a + b + c)))
    one, two, three = (pairs(*split(part)) for part in (a, b, c))
    assert fields(joined(joined(one, two), three)) == pytest.approx(whole, rel=1e-6, abs=1e-6)
    assert fields(joined(three, joined(two, one))) == pytest.approx(whole, rel=1e-6, abs=1e-6)
    assert joined(one, pairs([], [])) == joined(pairs([], []), one) == one


def test_a_linearised_ratio_and_a_cuped_residual_are_what_every_value_gives() -> None:
    source = np.random.default_rng(1)
    x = source.gamma(3.0, 2.0, 400)
    y = 0.7 * x + source.normal(0.0, 1.0, 400)
    before = pairs(list(y[:150] * 1.1), list(x[:150]))
    ratio, scale = before.y / before.x, before.x
    u = (y - ratio * x) / scale
    found = linearised(pairs(list(y), list(x)), before)
    assert (found.mean, found.variance) == pytest.approx((u.mean(), u.var(ddof=1)))
    theta = np.cov(y[:150] * 1.1, x[:150])[0, 1] / x[:150].var(ddof=1)
    residual = y - theta * (x - before.x)
    found = adjusted(pairs(list(y), list(x)), before)
    assert (found.mean, found.variance) == pytest.approx((residual.mean(), residual.var(ddof=1)))
    # CUPED takes the share of the variance that x explains.
    assert found.variance < 0.4 * y.var(ddof=1)


@given(st.lists(numbers, min_size=1, max_size=50), st.floats(0.01, 1.0))
@settings(deadline=None)
def test_a_cap_is_numpys_inverted_quantile(history: list[float], level: float) -> None:
    assert cap_of(history, level) == np.quantile(history, level * (1.0 - 1e-12), method="inverted_cdf")


@given(st.lists(numbers, min_size=2, max_size=50), numbers)
@settings(deadline=None)
def test_winsorised_moments_are_those_of_the_capped_values(values: list[float], most: float) -> None:
    assert moments(values, most=most) == moments([min(value, most) for value in values])


@given(st.integers(1, 300), st.integers(301, 5000), st.integers(0, 200), st.integers(201, 3000))
@settings(deadline=None)
def test_shares_under_the_null_are_those_of_the_pooled_test(
    bad: int, of: int, control_bad: int, control_of: int
) -> None:
    mine, other = shares(Counts(bad=bad, of=of, control_bad=control_bad, control_of=control_of))
    z, _ = proportions_ztest([bad, control_bad], [of, control_of])
    spread = mine.variance / of + other.variance / control_of
    assert (mine.mean - other.mean) / spread**0.5 == pytest.approx(z)


def test_what_has_no_moments_is_refused() -> None:
    with pytest.raises(ValueError, match="not finite"):
        moments([1.0, float("nan")])
    with pytest.raises(ValueError, match="not finite"):
        moments([1.0, float("inf")], most=3.0)
    with pytest.raises(ValueError, match="stand beside"):
        pairs([1.0], [])
    with pytest.raises(ValueError, match="denominator"):
        linearised(pairs([1.0], [1.0]), pairs([], []))
    with pytest.raises(ValueError, match="a cap needs"):
        cap_of([], 0.5)
    assert adjusted(pairs([1.0, 3.0], [2.0, 2.0]), pairs([], [])).mean == 2.0
