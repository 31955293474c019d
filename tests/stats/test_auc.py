"""The area under the curve against every pair counted, its variance against DeLong's definition."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import roc_auc_score
from statsmodels.regression.linear_model import OLS

from headway.stats.auc import clustered_variance, contrast_variance, placements

rows = st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=4, max_size=30).filter(
    lambda found: 1 < sum(is_positive for _, is_positive in found) < len(found) - 1
)


def brute(scores: list[float], positive: list[bool]) -> tuple[float, float]:
    """Area and variance by every pair of a positive and a negative (DeLong, equations 2 to 5)."""
    high = [score for score, is_positive in zip(scores, positive, strict=True) if is_positive]
    low = [score for score, is_positive in zip(scores, positive, strict=True) if not is_positive]
    wins = np.array([[1.0 if a > b else 0.5 if a == b else 0.0 for b in low] for a in high])
    up, down = wins.mean(axis=1), wins.mean(axis=0)
    return float(wins.mean()), float(up.var(ddof=1) / len(up) + down.var(ddof=1) / len(down))


@given(rows)
@settings(max_examples=100, deadline=None)
def test_area_and_variance_equal_those_of_every_pair(found: list[tuple[int, bool]]) -> None:
    scores, positive = [float(score) for score, _ in found], [is_positive for _, is_positive in found]
    area, variance = brute(scores, positive)
    curve = placements(scores, positive)
    assert curve.area == pytest.approx(area)
    assert contrast_variance(curve) == pytest.approx(variance)


def test_the_paired_variance_subtracts_the_covariance() -> None:
    source = np.random.default_rng(1)
    positive = (np.arange(60) % 3 == 0).tolist()
    first = source.normal(size=60) + np.array(positive)
    second = first + 0.3 * source.normal(size=60)
    one, two = placements(first.tolist(), positive), placements(second.tolist(), positive)
    covariance = np.cov(one.positives, two.positives)[0, 1] / 20 + np.cov(one.negatives, two.negatives)[0, 1] / 40
    wanted = contrast_variance(one) + 1.02**2 * contrast_variance(two) - 2 * 1.02 * covariance
    assert contrast_variance(one, two, ratio=1.02) == pytest.approx(wanted)


def test_one_class_alone_has_no_area() -> None:
    with pytest.raises(ValueError, match="both classes"):
        placements([0.1, 0.2], [True, True])


def test_units_of_one_row_give_the_ordinary_variance() -> None:
    values = np.random.default_rng(2).normal(size=200)
    influences = ((values - values.mean()) / 200).tolist()
    assert clustered_variance(influences, list(range(200))) == pytest.approx(values.var(ddof=1) / 200)
    assert clustered_variance([0.0, 0.0], ["a", "a"]) == 0.0


def test_the_area_is_scikit_learns_with_ties_too() -> None:
    source = np.random.default_rng(3)
    positive = source.random(400) < 0.3
    scores = np.round(source.normal(size=400) + positive, 1)
    found = placements(scores.tolist(), positive.tolist())
    assert found.area == pytest.approx(roc_auc_score(positive, scores))


def test_the_interval_of_an_area_covers_it_as_often_as_it_says() -> None:
    # Two normal laws one apart: the area is Phi(1/sqrt(2)).
    source, truth, covered = np.random.default_rng(4), stats.norm.cdf(1 / np.sqrt(2)), 0
    positive = [at % 4 == 0 for at in range(200)]
    for _ in range(300):
        found = placements((source.normal(size=200) + positive).tolist(), positive)
        covered += abs(found.area - truth) <= 1.96 * contrast_variance(found) ** 0.5
    assert 0.95 - 3 * (0.05 * 0.95 / 300) ** 0.5 - 0.01 <= covered / 300 <= 0.95 + 3 * (0.05 * 0.95 / 300) ** 0.5


def test_the_variance_of_clustered_rows_is_statsmodels_sandwich() -> None:
    source = np.random.default_rng(5)
    units = source.integers(0, 25, size=300)
    values = source.normal(size=25)[units] + source.normal(size=300)
    wanted = OLS(values, np.ones(300)).fit(cov_type="cluster", cov_kwds={"groups": units}).cov_params()[0, 0]
    influences = ((values - values.mean()) / 300).tolist()
    assert clustered_variance(influences, units.tolist()) == pytest.approx(wanted)
