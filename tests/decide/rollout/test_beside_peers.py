"""What the page of decisions claims, with fewer runs: drifting ramps, bursts, shared levels, long tails, retries."""

import math

import numpy as np
import pytest
from bench.decisions import retries, rules, slowness
from bench.decisions.assumptions import BETWEEN, BURSTS, DRIFT
from bench.decisions.first import Firsts, median_of, share
from bench.decisions.guardrails import ABORTED, CASES, EQUAL, TAIL, argo_at_3x, outcomes
from bench.decisions.peers import flagger, kayenta
from bench.decisions.thresholds import argo_aborts, fails
from bench.decisions.traffic import Scenario, simulate
from scipy.stats import mannwhitneyu

POOLING = (
    "naive z, cumulative, every window",
    "mSPRT: harm / either side",
    "GrowthBook's asymptotic sequence: harm / either side",
)
Spoke = dict[str, tuple[Firsts, ...]]


def most(alpha: float, runs: int) -> float:
    return alpha + 3.0 * math.sqrt(alpha * (1.0 - alpha) / runs)


def test_in_a_ramp_while_errors_double_in_both_versions_pooling_aborts_all_and_we_none() -> None:
    theirs: Spoke = rules.peers(DRIFT, 100, 1)
    assert min(share(theirs[rule][0]) for rule in POOLING) > 0.95
    assert share(rules.guardrail(DRIFT, 20, 1)) <= most(0.01, 20)
    for rule in rules.LIBRARY:
        assert share(rules.library(rule, DRIFT, 100, 1)) <= most(rules.ALPHA, 100)


@pytest.mark.parametrize("bursts", BURSTS, ids=lambda world: world.name)
def test_errors_in_bursts_deceive_rules_by_request_and_not_the_rule_between_windows(bursts: Scenario) -> None:
    assert share(rules.library(BETWEEN, bursts, 400, 2)) <= most(rules.ALPHA, 400)
    assert share(rules.library(next(iter(rules.LIBRARY)), bursts, 100, 2)) > most(rules.ALPHA, 100)


@pytest.mark.parametrize("name", ABORTED)
def test_two_guardrails_that_share_a_level_find_harm_soon(name: str) -> None:
    ended = outcomes(CASES[name], 25, 3)
    assert median_of(ended.harm) <= ABORTED[name]
    assert share(ended.promoted) <= most(0.05, 25)


def test_an_equal_version_is_promoted_in_six_windows_and_not_aborted() -> None:
    ended = outcomes(CASES[EQUAL], 100, 4)
    assert median_of(ended.promoted) <= 6
    assert share(ended.aborted) == 0.0


def test_a_canary_whose_slowest_hundredth_takes_three_times_as_long_is_aborted() -> None:
    ended = outcomes(CASES[TAIL], 20, 5)
    assert share(ended.promoted) == 0.0
    assert share(ended.aborted) == 1.0


def test_at_three_times_the_errors_users_meet_the_canary_half_as_often_as_under_argo() -> None:
    mine, theirs = outcomes(CASES["errors 3x"], 100, 6).aborted, argo_at_3x(100, 6)
    assert mine.mean() <= 0.5 * theirs.mean()


def test_fourteen_free_retries_promote_a_harmful_version_in_half_the_cases_and_paid_ones_do_not() -> None:
    # One look spends all of its level, as an e-process with windows that are small enough nearly does.
    free, paid = (share(retries.one_look(1000, retries.RETRIES, 7, free=free)) for free in (True, False))
    assert abs(free - (1.0 - 0.95**15)) <= 3.0 * math.sqrt(0.25 / 1000)
    assert 0.05 < paid <= most(0.1, 1000)


def test_a_harmful_version_pays_for_its_retries() -> None:
    found = {free: retries.tries(8, 4, 11, free=free) for free in (True, False)}
    assert share(found[False]) <= most(0.1, 8)
    assert share(found[False]) <= share(found[True])


def test_the_peers_arithmetic_is_the_one_that_was_published() -> None:
    # The delivery chapter's table for 100 requests a check.
    found = (argo_aborts(100, 0.005, 0), argo_aborts(100, 0.02, 3), flagger.promotes(fails(100, 0.02), 10, 10))
    assert found == pytest.approx((0.61, 0.943, 0.194), abs=0.002)


def test_kayenta_without_its_tolerance_is_the_mann_whitney_test(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kayenta, "TOLERANCE", 0.0)
    seen = simulate(Scenario(lift=1.1, windows=20), 40, 8)
    canary, baseline = seen.bad / seen.of, seen.baseline_bad / seen.of
    spoke = kayenta.judges(canary, baseline, every=20) <= 20
    p = [
        mannwhitneyu(mine - kayenta.MORE, theirs, alternative="two-sided", method="asymptotic").pvalue
        for mine, theirs in zip(canary, baseline, strict=True)
    ]
    higher = np.median(canary, axis=1) > np.median(baseline, axis=1)
    assert (spoke == ((np.array(p) < 0.02) & higher)).all()
    assert 0 < spoke.sum() < 40


def test_a_quantile_of_buckets_is_near_that_of_the_requests() -> None:
    seen = slowness.simulate(slowness.World(windows=50), 20, 9)
    true = slowness.MEDIAN_MS * math.exp(slowness.SIGMA * 1.6449)
    assert float(np.median(slowness.quantile(seen.control, 0.95))) == pytest.approx(true, rel=0.03)
