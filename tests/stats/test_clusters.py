"""Rates between users: against scipy, and in traffic where a few users ask most of the time."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from headway.stats.clusters import clustered, difference, uneven
from headway.stats.intervals import student_quantile

GROUPS = 16


def test_groups_of_one_size_give_the_variance_of_a_mean() -> None:
    bad = [3, 5, 8, 2, 7, 4]
    found = clustered(bad, [100] * 6)
    assert found.rate == pytest.approx(np.mean(bad) / 100)
    assert found.variance == pytest.approx(np.var(bad, ddof=1) / 6 / 100**2)


def test_an_interval_of_two_means_is_students_with_the_fewer_degrees() -> None:
    one, two = clustered([30, 50, 80, 20], [100] * 4), clustered([3, 5, 8, 2], [100] * 4)
    found = difference(one, two, 0.1)
    spread = math.sqrt(one.variance + two.variance)
    assert (found.high - found.point) / spread == pytest.approx(student_quantile(0.95, 3))


@pytest.mark.parametrize("level", [0.05, 0.01, 1e-3, 1e-4, 1e-5])
def test_the_quantile_is_right_at_the_levels_of_late_looks(level: float) -> None:
    assert student_quantile(1 - level / 2, GROUPS - 1) == pytest.approx(
        stats.t.ppf(1 - level / 2, GROUPS - 1), rel=5e-3
    )


@pytest.mark.parametrize(("bad", "of"), [([1], [10]), ([1, 2], [10]), ([0, 0], [0, 0])])
def test_what_has_no_rate_is_refused(bad: list[int], of: list[int]) -> None:
    with pytest.raises(ValueError, match=r"group|request"):
        clustered(bad, of)


counts = st.lists(st.tuples(st.integers(0, 50), st.integers(1, 100)), min_size=2, max_size=20)


@given(counts)
def test_a_rate_is_never_surer_than_single_requests_would_make_it(rows: list[tuple[int, int]]) -> None:
    bad, of = [min(one, all_) for one, all_ in rows], [all_ for _, all_ in rows]
    found = clustered(bad, of)
    assert 0 <= found.rate <= 1
    assert found.variance >= max(1, sum(bad)) / sum(of) ** 2
    assert clustered(bad[::-1], of[::-1]).rate == found.rate


def dealt(rng: np.random.Generator, users: int, share: float) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Bad requests and all of them by group, candidate first; users ask unequally often and fail unequally often."""
    asks = np.ceil(rng.pareto(1.5, users) * 20) + 1
    fails = rng.beta(0.05, 0.95, users)
    bad = rng.binomial(asks.astype(int), fails)
    arm, group = rng.random(users) < share, rng.integers(0, GROUPS, users)
    parts = [(arm == side) for side in (True, False)]
    return tuple(
        [np.bincount(group[part], weights=what[part], minlength=GROUPS).astype(int) for part in parts]
        for what in (bad, asks)
    )  # type: ignore[return-value]  # two lists of arrays


def test_equal_versions_are_called_different_no_oftener_than_said_where_single_requests_would_be() -> None:
    rng = np.random.default_rng(7)
    runs, wrong, naive, split = 600, 0, 0, 0
    for _ in range(runs):
        bad, of = dealt(rng, 4000, 0.5)
        one, two = (clustered(list(map(int, b)), list(map(int, n))) for b, n in zip(bad, of, strict=True))
        found = difference(one, two, 0.05)
        wrong += not found.low <= 0 <= found.high
        spread = math.sqrt(sum(each.rate * (1 - each.rate) / sum(n) for each, n in zip((one, two), of, strict=True)))
        naive += abs(found.point) > 1.96 * spread
        split += uneven(list(map(int, of[0])), list(map(int, of[1])), 0.5, 0.05)
    limit = runs * 0.05 + 3 * math.sqrt(runs * 0.05 * 0.95)
    assert wrong <= limit
    assert split <= limit
    assert naive > 5 * limit


def test_a_share_that_is_not_the_intended_one_is_found() -> None:
    rng = np.random.default_rng(8)
    found = 0
    for _ in range(50):
        _, of = dealt(rng, 20000, 0.4)
        found += uneven(list(map(int, of[0])), list(map(int, of[1])), 0.5, 0.01)
    assert found >= 40


def test_groups_that_are_equal_to_the_last_request_are_no_proof_of_a_wrong_split() -> None:
    assert not uneven([100_000] * GROUPS, [199_900] * GROUPS, 1 / 3, 0.01)
    assert uneven([100_000] * GROUPS, [190_000] * GROUPS, 1 / 3, 0.01)
