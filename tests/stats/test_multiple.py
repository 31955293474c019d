"""Many comparisons: against public packages, definitions, and error rates by simulation under dependence."""

import itertools
import math
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.stats.published import cases

from headway.stats.multiple import LOND, Budget, bonferroni, decided, discoveries, next_level
from headway.stats.sequential import log_mean_exp

logs_of = st.lists(st.floats(-5, 15), min_size=1, max_size=12)


@pytest.mark.parametrize("case", cases("multiple"), ids=lambda case: f"{case['package']}-{case['given']['rule']}")
def test_the_rules_give_what_public_packages_give(case: dict[str, Any]) -> None:
    known = case["given"]
    logs = [math.log(value) for value in known["e"]]
    match known["rule"]:
        case "e-bh":
            assert list(discoveries(logs, alpha=known["alpha"])) == case["value"]
        case "mean":
            assert math.exp(log_mean_exp(logs, known["weights"])) == pytest.approx(case["value"])
        case _:
            budget = Budget()
            for log, (alarm, level) in zip(logs, case["value"], strict=True):
                assert next_level(budget, alpha=known["alpha"]) == pytest.approx(level, rel=1e-9)
                budget, found = decided(budget, log, alpha=known["alpha"])
                assert found is alarm


@given(logs_of, st.floats(0.001, 0.5))
@settings(max_examples=100, deadline=None)
def test_those_named_are_the_largest_and_each_bears_the_number_named(logs: list[float], alpha: float) -> None:
    named = discoveries(logs, alpha=alpha)
    count = sum(named)
    least = math.log(len(logs) / (count * alpha)) if count else math.inf
    assert all(log >= least for log, is_named in zip(logs, named, strict=True) if is_named)
    for more in range(count + 1, len(logs) + 1):  # no larger number would bear itself
        assert sorted(logs, reverse=True)[more - 1] < math.log(len(logs) / (more * alpha))


@given(logs_of, st.floats(0.001, 0.5), st.integers(0, 11), st.floats(0, 5))
@settings(max_examples=100, deadline=None)
def test_more_evidence_never_unnames_and_names_no_fewer_than_bonferroni(
    logs: list[float], alpha: float, which: int, more: float
) -> None:
    at = which % len(logs)
    raised = [log + more * (k == at) for k, log in enumerate(logs)]
    before, after = discoveries(logs, alpha=alpha), discoveries(raised, alpha=alpha)
    assert all(new or not old for old, new in zip(before, after, strict=True))
    equal = bonferroni(logs, [1.0 / len(logs)] * len(logs), alpha=alpha * (1 - 1e-9))
    assert all(named or not sure for sure, named in zip(equal, before, strict=True))


def together(source: np.random.Generator, comparisons: int, moved: int) -> list[float]:
    """Logs of e-values of normal likelihood ratios that share half of their noise; the first `moved` have moved."""
    noise = math.sqrt(0.5) * source.normal() + math.sqrt(0.5) * source.normal(size=comparisons)
    z = noise + np.where(np.arange(comparisons) < moved, 4.0, 0.0)
    return (3.0 * z - 4.5).tolist()


def test_with_dependent_comparisons_the_stated_error_rates_hold() -> None:
    source = np.random.default_rng(7)
    runs, alpha, shares = 4000, 0.1, [0.4] + [0.6 / 9] * 9
    some = wrong = means = 0
    share_wrong = found = 0.0
    for _ in range(runs):
        none = together(source, 10, 0)
        some += any(bonferroni(none, shares, alpha=alpha))
        means += log_mean_exp(none, shares) >= -math.log(alpha)
        wrong += any(discoveries(none, alpha=alpha))
        named = discoveries(together(source, 10, 3), alpha=alpha)
        share_wrong += sum(named[3:]) / max(1, sum(named))
        found += sum(named[:3]) / 3
    for rate in (some, means, wrong, share_wrong):
        assert rate / runs <= alpha + 3 * math.sqrt(alpha * (1 - alpha) / runs)
    assert found / runs > 0.5


def test_over_many_releases_few_of_the_alarms_are_false() -> None:
    source = np.random.default_rng(8)
    false = []
    for _ in range(200):
        budget, wrong = Budget(), 0
        for release in range(60):
            bad = release % 4 == 0
            log = 4.0 * float(source.normal() + (5.0 if bad else 0.0)) - 8.0
            budget, alarm = decided(budget, log, alpha=0.1)
            wrong += alarm and not bad
        false.append(wrong / max(1, budget.alarms))
        assert budget.alarms > 2
    assert np.mean(false) <= 0.1 + 3 * np.std(false) / math.sqrt(200)


def test_levels_without_an_alarm_fall_and_stay_within_the_budget() -> None:
    levels = [next_level(Budget(tests=k), alpha=1.0) for k in range(20_000)]
    assert all(before > after for before, after in itertools.pairwise(levels))
    # The rest by the integral of LOND·log(x) / (x·exp(sqrt(log x))), with u = sqrt(log x): 2 u^3 exp(-u).
    u = math.sqrt(math.log(20_000.5))
    rest = 2 * LOND * math.exp(-u) * (u**3 + 3 * u**2 + 6 * u + 6)
    assert 0.97 < math.fsum(levels) + rest <= 1.0


def test_a_budget_is_stored_and_goes_on() -> None:
    budget, _ = decided(Budget(tests=3, alarms=1), 9.0, alpha=0.05)
    assert msgspec.json.decode(msgspec.json.encode(budget), type=Budget) == budget == Budget(tests=4, alarms=2)


def test_shares_of_more_than_the_whole_are_refused_and_none_spend_nothing() -> None:
    with pytest.raises(ValueError, match="sum to 1 at most"):
        bonferroni([1.0, 1.0], [0.7, 0.7], alpha=0.05)
    with pytest.raises(ValueError, match="not negative"):
        bonferroni([1.0, 1.0], [1.2, -0.2], alpha=0.05)
    assert bonferroni([1e6, 1e6], [0.0, 1.0], alpha=0.05) == (False, True)
    assert discoveries([], alpha=0.05) == bonferroni([], [], alpha=0.05) == ()
