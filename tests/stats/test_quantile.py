"""Quantiles from bucket counts: the published formulas, coverage at all counts, and what numpy calls a quantile."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from headway.stats.quantile import cdf_band, cdf_width, quantile_interval

EDGES = tuple(4.0 * 1.25**k for k in range(30))


def counted(values: np.ndarray) -> list[int]:
    return list(len(values) - np.searchsorted(np.sort(values), EDGES, side="right"))


@given(st.lists(st.floats(0.1, 5000), min_size=1, max_size=400), st.sampled_from([0.5, 0.75, 0.9, 0.95, 0.99]))
@settings(max_examples=100, deadline=None)
def test_ends_are_edges_around_the_quantile_that_numpy_finds(values: list[float], level: float) -> None:
    found = quantile_interval(EDGES, counted(np.array(values)), len(values), level=level)
    exact = float(np.quantile(values, level, method="inverted_cdf"))
    assert found.low < exact <= found.high
    assert found.low < found.point <= found.high
    assert found.point == min((edge for edge in EDGES if edge >= exact), default=math.inf)
    assert {found.low, found.high} <= {*EDGES, -math.inf, math.inf}


@pytest.mark.parametrize("level", [0.5, 0.95, 0.99])
def test_the_true_quantile_is_ever_left_no_more_often_than_stated(level: float) -> None:
    source, runs, alpha, missed = np.random.default_rng(4), 80, 0.2, 0
    truth = float(stats.lognorm(s=0.5, scale=100.0).ppf(level))
    for _ in range(runs):
        slower, of, out = np.zeros(len(EDGES), dtype=int), 0, False
        for _ in range(30):
            drawn = source.lognormal(math.log(100.0), 0.5, 100)
            slower += np.array(counted(drawn))
            of += 100
            found = quantile_interval(EDGES, slower.tolist(), of, level=level, alpha=alpha)
            out = out or not found.low <= truth <= found.high
        missed += out
    assert missed / runs <= alpha + 3 * math.sqrt(alpha * (1 - alpha) / runs)


def test_the_whole_distribution_stays_in_its_band() -> None:
    source, runs, alpha, missed = np.random.default_rng(5), 80, 0.2, 0
    truth = stats.lognorm(s=0.5, scale=100.0).sf(EDGES)
    for _ in range(runs):
        slower, of, out = np.zeros(len(EDGES), dtype=int), 0, False
        for _ in range(30):
            slower += np.array(counted(source.lognormal(math.log(100.0), 0.5, 100)))
            of += 100
            band = cdf_band(slower.tolist(), of, alpha=alpha)
            out = out or any(not one.low <= p <= one.high for one, p in zip(band, truth, strict=True))
        missed += out
    assert missed / runs <= alpha + 3 * math.sqrt(alpha * (1 - alpha) / runs)


def test_two_versions_whose_tails_differ_have_bands_apart() -> None:
    source = np.random.default_rng(6)
    slow, fast = (cdf_band(counted(source.lognormal(mean, 0.5, 3000)), 3000, alpha=0.025) for mean in (5.0, 4.6))
    assert any(a.low > b.high for a, b in zip(slow, fast, strict=True))


def published_width(count: int, level: float, alpha: float) -> float:
    """Half the width in level of Howard and Ramdas' theorem 1."""
    scale = (1.4 * math.log(math.log(2.1 * count)) + math.log(10.0 / alpha)) / count
    return 1.5 * math.sqrt(level * (1.0 - level) * scale) + 0.8 * scale


@pytest.mark.parametrize("count", [100, 1000, 10_000, 1_000_000])
@pytest.mark.parametrize("level", [0.5, 0.95, 0.99])
def test_ends_are_sure_wherever_the_published_closed_form_is(count: int, level: float) -> None:
    width = published_width(count, level, 0.05)
    below, beyond = math.floor((level - width) * count) - 1, math.ceil((level + width) * count)
    if below >= 0:
        assert quantile_interval([1.0], [count - below], count, level=level).low == 1.0
    if beyond <= count:
        assert quantile_interval([1.0], [count - beyond], count, level=level).high == 1.0


@given(st.integers(1, 10**7), st.floats(1e-4, 0.5))
@settings(deadline=None)
def test_a_band_narrows_with_values_and_widens_with_certainty(count: int, alpha: float) -> None:
    assert cdf_width(count, alpha=alpha / 2) > cdf_width(count, alpha=alpha)
    widths = [cdf_width(count * times, alpha=alpha) for times in (1, 4, 16)]
    assert all(a > b for a, b in itertools.pairwise(widths))


def test_more_slow_requests_never_lower_an_end() -> None:
    before = quantile_interval(EDGES[:4], [900, 500, 60, 10], 2000, level=0.95)
    after = quantile_interval(EDGES[:4], [1200, 700, 200, 90], 2000, level=0.95)
    assert before.low <= after.low
    assert before.high <= after.high


def test_no_values_are_refused_and_few_are_not_sure_of_anything() -> None:
    with pytest.raises(ValueError, match="a quantile needs"):
        quantile_interval(EDGES, [0] * 30, 0, level=0.95)
    with pytest.raises(ValueError, match="a distribution needs"):
        cdf_width(0, alpha=0.05)
    few = quantile_interval([100.0], [1], 3, level=0.5)
    assert (few.low, few.high) == (-math.inf, math.inf)
