"""Pairs: exact means over every path, a public package, McNemar's exact test, and error rates by simulation."""

import itertools
import math
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from tests.stats.published import cases

from headway.stats.paired import (
    BETS,
    Pairs,
    counted,
    log_apart,
    log_bets,
    log_better,
    log_more_often_wrong,
    log_worse,
)
from headway.stats.sequential import HARM_LIFTS, log_mean_exp

some = st.integers(0, 300)


def of(path: tuple[int, ...]) -> Pairs:
    return counted(Pairs(), path)


@pytest.mark.parametrize("odds", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("part", [0.2, 0.7, 1.0])
def test_one_sided_evidence_has_mean_at_most_one_up_to_its_line(odds: float, part: float) -> None:
    border = odds / (1 + odds)
    worse = better = 0.0
    for path in itertools.product([1, -1], repeat=8):
        pairs, ones = of(path), path.count(1)
        at, mirrored = part * border, 1 - part * (1 - border)
        worse += at**ones * (1 - at) ** (8 - ones) * math.exp(log_worse(pairs, odds=odds))
        better += mirrored**ones * (1 - mirrored) ** (8 - ones) * math.exp(log_better(pairs, odds=odds))
    for mean in (worse, better):
        assert mean <= 1 + 1e-9
        assert (part < 1) or mean == pytest.approx(1.0)


@pytest.mark.parametrize("share", [0.5, 0.2])
def test_two_sided_evidence_has_mean_one_on_its_line(share: float) -> None:
    mean = sum(
        share ** path.count(1) * (1 - share) ** path.count(-1) * math.exp(log_apart(of(path), share=share))
        for path in itertools.product([1, -1], repeat=8)
    )
    assert mean == pytest.approx(1.0)


@pytest.mark.parametrize("margin", [-0.2, 0.0, 0.1])
def test_bets_on_all_pairs_have_mean_at_most_one_up_to_their_margin(margin: float) -> None:
    for rate in (0.05, 0.3):
        better = rate - margin
        if not 0 <= better <= 1 - rate:
            continue
        mean = sum(
            math.prod({1: rate, -1: better, 0: 1 - rate - better}[one] for one in path)
            * math.exp(log_more_often_wrong(of(path), margin=margin))
            for path in itertools.product([1, -1, 0], repeat=6)
        )
        assert mean == pytest.approx(1.0)
        lower = sum(
            math.prod({1: rate / 2, -1: better, 0: 1 - rate / 2 - better}[one] for one in path)
            * math.exp(log_more_often_wrong(of(path), margin=margin))
            for path in itertools.product([1, -1, 0], repeat=6)
        )
        assert lower < 1.0


@pytest.mark.parametrize("case", cases("paired"), ids=lambda case: case["package"])
def test_two_sided_evidence_is_what_a_public_package_gives(case: dict[str, Any]) -> None:
    signs = [2 * one - 1 for one in case["given"]["worse"]]
    found = [log_apart(counted(Pairs(), signs[:k]), share=case["given"]["share"]) for k in range(1, len(signs) + 1)]
    assert found == pytest.approx(case["value"], abs=1e-9)


@given(some, some, some, st.floats(0.25, 4.0))
@settings(max_examples=100, deadline=None)
def test_one_more_fault_of_the_candidate_never_speaks_for_it(worse: int, better: int, same: int, odds: float) -> None:
    fewer = Pairs(worse=worse, better=better, same=same)
    more = Pairs(worse=worse + 1, better=better, same=same)
    assert log_worse(fewer, odds=odds) <= log_worse(more, odds=odds) + 1e-9
    assert log_better(more, odds=odds) <= log_better(fewer, odds=odds) + 1e-9
    assert log_more_often_wrong(fewer, margin=0.01) <= log_more_often_wrong(more, margin=0.01) + 1e-9
    agreed = Pairs(worse=worse, better=better, same=same + 1)
    assert log_worse(agreed, odds=odds) == log_worse(fewer, odds=odds)
    assert log_more_often_wrong(agreed, margin=0.01) <= log_more_often_wrong(fewer, margin=0.01) + 1e-9


@given(some, some, some)
@settings(max_examples=50, deadline=None)
def test_counts_and_the_pairs_themselves_give_the_same_bets(worse: int, better: int, same: int) -> None:
    pairs = Pairs(worse=worse, better=better, same=same)
    values = [1.0] * worse + [-1.0] * better + [0.0] * same
    assert counted(Pairs(), values) == pairs
    assert log_more_often_wrong(pairs, margin=0.02) == pytest.approx(
        log_mean_exp(log_bets(values, margin=0.02)), rel=1e-9, abs=1e-9
    )


def crossed(worse: float, better: float, *, pairs: int, runs: int, seed: int) -> dict[str, float]:
    """How often each kind of evidence ever reaches 20 within so many requests."""
    source = np.random.default_rng(seed)
    kinds = {
        "worse": log_worse,
        "better": log_better,
        "apart": log_apart,
        "worse than 2:1": lambda now: log_worse(now, odds=2.0),
        "a point more": lambda now: log_more_often_wrong(now, margin=0.01),
    }
    found = dict.fromkeys(kinds, 0)
    for _ in range(runs):
        batches = source.multinomial(100, [worse, better, 1 - worse - better], size=pairs // 100)
        totals = [Pairs(worse=int(a), better=int(b), same=int(c)) for a, b, c in batches.cumsum(axis=0)]
        for kind, evidence in kinds.items():
            found[kind] += max(map(evidence, totals)) >= math.log(20)
    return {kind: count / runs for kind, count in found.items()}


def test_looking_after_every_batch_the_stated_error_rates_hold() -> None:
    most = 0.05 + 3 * math.sqrt(0.05 * 0.95 / 120)
    equal = crossed(0.03, 0.03, pairs=3000, runs=120, seed=1)
    assert max(equal.values()) <= most
    at_the_lines = crossed(0.02, 0.01, pairs=3000, runs=120, seed=2)
    assert max(at_the_lines["worse than 2:1"], at_the_lines["a point more"]) <= most


def test_a_candidate_that_is_wrong_where_its_control_is_not_is_found() -> None:
    found = crossed(0.06, 0.01, pairs=2000, runs=60, seed=3)
    assert found["worse"] > 0.95
    assert found["a point more"] > 0.9
    assert found["better"] == 0.0


def test_evidence_is_at_most_what_the_exact_test_of_mcnemar_allows() -> None:
    # 1 / (an e-value) is a p-value, so it cannot beat the exact one by more than luck over many tables: here never.
    for worse, better in itertools.product(range(0, 60, 7), repeat=2):
        if worse + better:
            exact = stats.binomtest(worse, worse + better, 0.5, alternative="greater").pvalue
            assert math.exp(-log_worse(Pairs(worse=worse, better=better))) >= exact


def test_it_goes_on_from_what_was_stored() -> None:
    pairs = counted(Pairs(), [1.0, -1.0, 0.0])
    again = msgspec.json.decode(msgspec.json.encode(pairs), type=Pairs)
    assert counted(again, [1.0]) == counted(Pairs(), [1.0, -1.0, 0.0, 1.0])


def test_no_pair_is_no_evidence_and_nonsense_is_refused() -> None:
    none = Pairs(same=500)
    assert log_worse(none) == log_better(none) == log_apart(none) == log_more_often_wrong(none) == 0.0
    assert log_bets([]) == (0.0,) * len(BETS)
    assert log_worse(Pairs(worse=1)) == pytest.approx(math.log(sum(2 * x / (1 + x) for x in HARM_LIFTS) / 13))
    with pytest.raises(ValueError, match="between -1 and 1"):
        log_bets([1.5])
    with pytest.raises(ValueError, match="margin"):
        log_bets([0.5], margin=1.0)
