"""Sample-ratio mismatch: how often a right split is called wrong, and how soon a wrong one is found."""

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from tests.stats.published import cases

from headway.stats.ratio import TILTS, log_dirichlet, log_tilts, log_tilts_of_arms, mismatch

SHARES = (0.05, 0.2, 0.5)


def found_after(lost: float, source: np.random.Generator, *, windows: int = 60, requests: int = 12_000) -> int | None:
    """Windows of a ramp until the mismatch is shown at 1 %, when the candidate loses this share of its requests."""
    logs = tuple(0.0 for _ in TILTS)
    for at in range(windows):
        share = SHARES[min(2, at // 20)]
        mine = int(source.binomial(requests, share))
        kept = int(source.binomial(mine, 1.0 - lost))
        logs = tuple(a + b for a, b in zip(logs, log_tilts(kept, requests - mine, share), strict=True))
        if mismatch(logs) >= math.log(100.0):
            return at + 1
    return None


def found_of_three(lost: float, source: np.random.Generator, *, fixed: bool) -> int | None:
    """The same for three arms of which the last loses requests; `fixed`: always the same split, by the mixture."""
    logs: tuple[float, ...] = ()
    totals = np.zeros(3, dtype=int)
    for at in range(60):
        last = 0.2 if fixed else SHARES[min(2, at // 20)]
        shares = (0.6 * (1.0 - last), 0.4 * (1.0 - last), last)
        counts = source.multinomial(12_000, shares)
        counts[2] = source.binomial(counts[2], 1.0 - lost)
        totals += counts
        new = log_tilts_of_arms(counts.tolist(), shares)
        logs = tuple(a + b for a, b in zip(logs or (0.0,) * len(new), new, strict=True))
        if (log_dirichlet(totals.tolist(), shares) if fixed else mismatch(logs)) >= math.log(100.0):
            return at + 1
    return None


def test_a_right_split_is_called_wrong_no_more_often_than_stated() -> None:
    source = np.random.default_rng(1)
    wrong = sum(found_after(0.0, source) is not None for _ in range(400))
    assert wrong / 400 <= 0.01 + 3 * math.sqrt(0.01 * 0.99 / 400)


@pytest.mark.parametrize("fixed", [True, False])
def test_a_right_split_of_three_arms_is_called_wrong_no_more_often_than_stated(*, fixed: bool) -> None:
    source = np.random.default_rng(3)
    wrong = sum(found_of_three(0.0, source, fixed=fixed) is not None for _ in range(200))
    assert wrong / 200 <= 0.01 + 3 * math.sqrt(0.01 * 0.99 / 200)


def test_a_candidate_that_loses_a_tenth_of_its_requests_is_found_soon() -> None:
    # The chapter's table: a median of 3 windows of 12,000 requests.
    source = np.random.default_rng(2)
    found = [found_after(0.1, source) for _ in range(40)]
    assert None not in found
    assert float(np.median([at for at in found if at])) <= 6


@pytest.mark.parametrize("fixed", [True, False])
def test_an_arm_of_three_that_loses_a_tenth_of_its_requests_is_found_soon(*, fixed: bool) -> None:
    source = np.random.default_rng(4)
    found = [found_of_three(0.1, source, fixed=fixed) for _ in range(40)]
    assert None not in found
    assert float(np.median([at for at in found if at])) <= 6


def test_an_arm_that_was_meant_to_get_nothing_says_nothing() -> None:
    assert set(log_tilts(0, 100, 0.0)) == set(log_tilts(100, 0, 1.0)) == {0.0}
    assert set(log_tilts_of_arms([100, 5, 0], [0.8, 0.2, 0.0])[-len(TILTS) :]) == {0.0}
    assert mismatch(()) == 0.0


@pytest.mark.parametrize("shares", [(0.5, 0.3, 0.2), (0.9, 0.1), (0.05, 0.05, 0.45, 0.45)])
@pytest.mark.parametrize("requests", [1, 3, 6])
def test_evidence_of_a_mismatch_has_mean_one_under_the_intended_split(shares: tuple[float, ...], requests: int) -> None:
    tilted = mixed = 0.0
    for counts in itertools.product(range(requests + 1), repeat=len(shares)):
        if sum(counts) != requests:
            continue
        chance = stats.multinomial.pmf(counts, requests, shares)
        tilted += chance * math.exp(mismatch(log_tilts_of_arms(counts, shares)))
        mixed += chance * math.exp(log_dirichlet(counts, shares, concentration=10.0))
    assert tilted == pytest.approx(1.0)
    assert mixed == pytest.approx(1.0)


@pytest.mark.parametrize("case", cases("ratio"), ids=lambda case: case["package"])
def test_the_mixture_gives_what_public_packages_give(case: dict[str, Any]) -> None:
    known = case["given"]
    totals = np.cumsum(known["windows"], axis=0).tolist()
    found = [log_dirichlet(counts, known["shares"], concentration=known["concentration"]) for counts in totals]
    assert found == pytest.approx(case["value"], abs=1e-9)


@given(st.lists(st.integers(0, 10**6), min_size=2, max_size=5), st.integers(1, 5))
@settings(max_examples=50, deadline=None)
def test_how_requests_came_window_by_window_does_not_matter(counts: list[int], parts: int) -> None:
    shares = [1.0 / len(counts)] * len(counts)
    split = [[count // parts + (at < count % parts) for count in counts] for at in range(parts)]
    assert [sum(arm) for arm in zip(*split, strict=True)] == counts
    whole = log_tilts_of_arms(counts, shares)
    pieces = [log_tilts_of_arms(piece, shares) for piece in split]
    assert [math.fsum(logs) for logs in zip(*pieces, strict=True)] == pytest.approx(whole, rel=1e-9, abs=1e-6)


def test_two_arms_are_told_by_the_first() -> None:
    assert log_tilts_of_arms([40, 960], [0.05, 0.95]) == log_tilts(40, 960, 0.05)


def test_shares_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="sum to 1"):
        log_dirichlet([1, 2], [0.5, 0.6])
    with pytest.raises(ValueError, match="sum to 1"):
        log_tilts_of_arms([1, 2], [0.5, 0.4])
    with pytest.raises(ValueError, match="meant to get nothing"):
        log_dirichlet([1, 2], [1.0, 0.0])
