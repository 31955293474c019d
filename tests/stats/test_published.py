"""Means, bets, quantiles and error shares beside what public packages give (`cases/`)."""

import itertools
import math
from typing import Any

import numpy as np
import pytest
from scipy import stats
from tests.stats.published import cases

from headway.stats.betting import STEPS, bounded_interval, log_hedged, no_values, seen, staked, wealth
from headway.stats.confidence import p_value
from headway.stats.error_share import log_share_above
from headway.stats.mixture import half_width, log_above, log_msprt, mean_sequence, rho_for
from headway.stats.moments import Moments, Pairs, adjusted, joined, linearised
from headway.stats.quantile import cdf_width

NO_PAIRS = Pairs(count=0, y=0.0, x=0.0, var_y=0.0, var_x=0.0, covariance=0.0)


def of(topic: str, *whats: str) -> list[dict[str, Any]]:
    return [case for case in cases(topic) if not whats or case["given"]["what"] in whats]


def named(case: dict[str, Any]) -> str:
    return f"{case['package']}-{case['given'].get('what', '')}"


def pairs_of(sums: dict[str, float]) -> Pairs:
    n, less = sums["n"], sums["n"] - 1
    return Pairs(
        count=int(n),
        y=sums["y"] / n,
        x=sums["x"] / n,
        var_y=(sums["yy"] - sums["y"] ** 2 / n) / less,
        var_x=(sums["xx"] - sums["x"] ** 2 / n) / less,
        covariance=(sums["xy"] - sums["x"] * sums["y"] / n) / less,
    )


def variance_of(mine: Moments, other: Moments) -> float:
    return mine.variance / mine.count + other.variance / other.count


@pytest.mark.parametrize("case", of("mixture", "log_above", "half_width"), ids=named)
def test_the_normal_mixture_is_that_of_confseq(case: dict[str, Any]) -> None:
    given = case["given"]
    if given["what"] == "log_above":
        rho = rho_for(given["planned"], alpha=given["alpha"], sides=1)
        assert log_above(given["total"], given["variance"], rho=rho) == pytest.approx(case["value"], abs=1e-9)
    else:
        rho = rho_for(given["planned"], alpha=given["alpha"])
        found = half_width(given["variance"], rho=rho, alpha=given["alpha"])
        assert found == pytest.approx(case["value"], rel=1e-9)


@pytest.mark.parametrize("case", of("mixture", "boundary"), ids=named)
def test_the_one_sided_mixture_reaches_the_level_at_villes_boundary(case: dict[str, Any]) -> None:
    given = case["given"]
    found = log_above(case["value"], given["variance"], rho=given["rho"])
    assert found == pytest.approx(-math.log(given["alpha"]), abs=1e-9)


@pytest.mark.parametrize("case", of("mixture", "msprt"), ids=named)
def test_the_mixture_sprt_is_that_of_ville(case: dict[str, Any]) -> None:
    given, total = case["given"], 0.0
    for n, (value, log) in enumerate(zip(given["values"], case["value"], strict=True), start=1):
        total += value - given["null"]
        assert log_msprt(total / n, given["sigma"] ** 2 / n, tau=given["tau"]) == pytest.approx(log, abs=1e-9)


@pytest.mark.parametrize("case", of("mixture", "sequence"), ids=lambda case: case["given"]["kind"])
def test_means_ratios_and_cuped_have_the_sequence_of_gbstats(case: dict[str, Any]) -> None:
    given = case["given"]
    mine, other = pairs_of(given["candidate"]), pairs_of(given["control"])
    if given["kind"] == "ratio":
        difference = mine.y / mine.x - other.y / other.x
        variance = variance_of(linearised(mine, mine), linearised(other, other))
    else:
        # Theta as there, of both arms together whatever the call says; 0 for the plain mean.
        both = joined(mine, other) if given["kind"] == "cuped" else NO_PAIRS
        arms = adjusted(mine, both), adjusted(other, both)
        difference, variance = arms[0].mean - arms[1].mean, variance_of(*arms)
    n, rho = mine.count + other.count, 1.0 / math.sqrt(rho_for(given["tuned"], alpha=given["alpha"]))
    found = mean_sequence(n, difference, math.sqrt(variance * n), rho=rho, alpha=given["alpha"])
    p = p_value(log_msprt(difference, variance, tau=rho * math.sqrt(variance * n)))
    assert [found.low, found.high, p] == pytest.approx(case["value"], rel=1e-9)


@pytest.mark.parametrize("case", of("moments"), ids=named)
def test_ratios_and_cuped_have_the_statistic_of_tea_tasting(case: dict[str, Any]) -> None:
    given = case["given"]
    mine, other = pairs_of(given["candidate"]), pairs_of(given["control"])
    if given["what"] == "ratio":
        difference = mine.y / mine.x - other.y / other.x
        variance = variance_of(linearised(mine, mine), linearised(other, other))
    else:
        both = joined(mine, other)
        arms = adjusted(mine, both), adjusted(other, both)
        difference, variance = arms[0].mean - arms[1].mean, variance_of(*arms)
    assert [difference, difference / math.sqrt(variance)] == pytest.approx(case["value"], rel=1e-9)


@pytest.mark.parametrize("case", of("betting", "hedged", "more", "less"), ids=named)
def test_wealth_is_that_of_confseq_and_ville(case: dict[str, Any]) -> None:
    given = case["given"]
    state = wealth(given["mean"], alpha=given["alpha"])
    read = {"hedged": lambda: math.exp(log_hedged(state)), "more": lambda: state.more, "less": lambda: state.less}
    for value, theirs in zip(given["values"], case["value"], strict=True):
        state = staked(state, value)
        assert read[given["what"]]() == pytest.approx(theirs, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("case", of("betting", "interval"), ids=named)
def test_the_betting_interval_is_that_of_confseq_and_ville_to_a_step_of_the_grid(case: dict[str, Any]) -> None:
    state = no_values(alpha=case["given"]["alpha"])
    for value in case["given"]["values"]:
        state = seen(state, value)
    found = bounded_interval(state)
    assert [found.low, found.high] == pytest.approx(case["value"], abs=1.0 / STEPS)


@pytest.mark.parametrize("case", of("quantile"), ids=named)
def test_the_band_of_a_distribution_is_a_little_wider_than_the_exact_one_of_confseq(case: dict[str, Any]) -> None:
    found = cdf_width(case["given"]["count"], alpha=case["given"]["alpha"])
    assert case["value"] < found < 1.02 * case["value"]


@pytest.mark.parametrize("case", of("error_share"), ids=lambda case: str(case["given"]["k"]))
def test_error_shares_mixed_over_their_prior_give_the_odds_of_savvi(case: dict[str, Any]) -> None:
    given = case["given"]
    bad, other, share = given["bad"], given["control_bad"], given["share"]
    # Steps of 1.1 in the odds, chained, are the likelihood ratio at any odds.
    odds = [1.1**step for step in range(-60, 61)]
    steps = [log_share_above(bad, other, share, ratio=at)[0] for at in odds[:-1]]
    logs = np.array([0.0, *itertools.accumulate(steps)])
    logs -= logs[60]
    shares = np.array([share * at / (share * at + 1.0 - share) for at in odds])
    prior = stats.beta(given["k"] * share, given["k"] * (1.0 - share)).pdf(shares) * shares * (1.0 - shares)
    assert math.log(math.log(1.1) * np.sum(prior * np.exp(logs))) == pytest.approx(case["value"], abs=1e-6)
