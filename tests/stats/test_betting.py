"""Bets on bounded values: exact means over all short sequences, coverage by simulation, restarts."""

import itertools
import math

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headway.stats.betting import (
    STEPS,
    Bounded,
    Wealth,
    bounded_interval,
    log_hedged,
    no_values,
    seen,
    staked,
    wealth,
)
from headway.stats.propensity import Effect, assigned

OUTCOMES = (0.0, 0.4, 1.0)


@pytest.mark.parametrize("mean", [0.05, 0.4, 0.8])
@pytest.mark.parametrize(
    "chances", [(1.0, 0.0, 0.0), (0.6, 0.2, 0.2), (0.0, 1.0, 0.0), (0.1, 0.3, 0.6), (0.2, 0.0, 0.8)]
)
def test_wealth_has_mean_at_most_one_on_its_side(mean: float, chances: tuple[float, ...]) -> None:
    true = math.fsum(p * x for p, x in zip(chances, OUTCOMES, strict=True))
    more = less = 0.0
    for drawn in itertools.product(range(3), repeat=6):
        state = wealth(mean)
        for at in drawn:
            state = staked(state, OUTCOMES[at])
        chance = math.prod(chances[at] for at in drawn)
        more += chance * math.exp(state.more)
        less += chance * math.exp(state.less)
    assert true > mean or more <= 1.0 + 1e-9
    assert true < mean or less <= 1.0 + 1e-9


@pytest.mark.parametrize(("p", "q"), [(0.3, 0.3), (0.1, 0.9), (0.9, 0.1), (0.0, 0.2), (1.0, 1.0)])
@pytest.mark.parametrize("than", [0.0, 0.3, -0.5])
def test_inverse_chances_give_a_mean_at_most_one_while_the_chances_change(p: float, q: float, than: float) -> None:
    shares = (0.05, 0.5, 0.2, 0.9)
    more = less = 0.0
    for units in itertools.product(itertools.product((0, 1), (0, 1)), repeat=4):
        up, down, chance = Effect(than=than), Effect(than=-than), 1.0
        for (mine, value), share in zip(units, shares, strict=True):
            rate = p if mine else q
            chance *= (share if mine else 1.0 - share) * (rate if value else 1.0 - rate)
            up = assigned(up, float(value), candidate=bool(mine), share=share)
            down = assigned(down, 1.0 - value, candidate=bool(mine), share=share)
        more += chance * math.exp(up.log)
        less += chance * math.exp(down.log)
    assert p - q > than or more <= 1.0 + 1e-9
    assert p - q < than or less <= 1.0 + 1e-9


def test_a_restart_in_the_middle_of_assignments_gives_the_same_to_the_digit() -> None:
    source, straight, stored = np.random.default_rng(4), Effect(than=0.1), Effect(than=0.1)
    for _ in range(50):
        value, mine, share = float(source.random()), bool(source.random() < 0.3), float(source.uniform(0.1, 0.9))
        straight = assigned(straight, value, candidate=mine, share=share)
        stored = msgspec.json.decode(msgspec.json.encode(stored), type=Effect)
        stored = assigned(stored, value, candidate=mine, share=share)
    assert stored == straight


def test_the_mean_is_ever_left_no_more_often_than_stated() -> None:
    source, runs, missed = np.random.default_rng(1), 60, 0
    for _ in range(runs):
        state, out = no_values(alpha=0.2), False
        for value in source.beta(1.0, 4.0, 120):
            state = seen(state, float(value))
            found = bounded_interval(state)
            out = out or not found.low <= 0.2 <= found.high
        missed += out
    assert missed / runs <= 0.2 + 3 * math.sqrt(0.2 * 0.8 / runs)


def test_a_ramp_without_an_effect_is_called_one_no_more_often_than_stated_and_an_effect_is_found() -> None:
    source, runs = np.random.default_rng(2), 100
    found = []
    for p in (0.1, 0.25):
        reached = 0
        for _ in range(runs if p == 0.1 else 20):
            state, worst = Effect(), 0.0
            for unit in range(1600):
                share = (0.05, 0.2, 0.5, 0.5)[unit // 400]
                mine = bool(source.random() < share)
                state = assigned(state, float(source.random() < (p if mine else 0.1)), candidate=mine, share=share)
                worst = max(worst, state.log)
            reached += worst >= math.log(20.0)
        found.append(reached)
    assert found[0] / runs <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / runs)
    assert found[1] == 20


def test_an_interval_of_many_values_is_short_and_holds_the_mean() -> None:
    state = no_values()
    for value in np.random.default_rng(3).beta(8.0, 2.0, 2000):
        state = seen(state, float(value))
    found = bounded_interval(state)
    assert found.low < 0.8 < found.high
    assert found.high - found.low < 0.05


values = st.lists(st.floats(0, 1), min_size=1, max_size=30)


@given(values, st.integers(0, 29))
@settings(max_examples=30, deadline=None)
def test_a_restart_gives_the_same_numbers_and_an_interval_never_widens(drawn: list[float], at: int) -> None:
    bounded, single = no_values(), wealth(0.3)
    for place, value in enumerate(drawn):
        if place == at:
            bounded_again = msgspec.json.decode(msgspec.json.encode(bounded), type=Bounded)
            single_again = msgspec.json.decode(msgspec.json.encode(single), type=Wealth)
            assert (bounded_again, single_again) == (bounded, single)
            bounded, single = bounded_again, single_again
        before = bounded_interval(bounded)
        bounded, single = seen(bounded, value), staked(single, value)
        after = bounded_interval(bounded)
        assert before.low <= after.low < after.high <= before.high
    assert log_hedged(single) == math.log(0.5) + max(single.more, single.less)


@given(values)
@settings(max_examples=30, deadline=None)
def test_an_interval_and_the_wealth_against_one_mean_tell_the_same(drawn: list[float]) -> None:
    bounded = no_values(alpha=0.3)
    singles = [wealth(k / STEPS, alpha=0.3) for k in (20, 100, 180)]
    lost: set[float] = set()
    for value in drawn:
        bounded = seen(bounded, value)
        singles = [staked(one, value) for one in singles]
        lost |= {one.mean for one in singles if log_hedged(one) >= -math.log(0.3)}
    found = bounded_interval(bounded)
    assert all(found.low < one.mean < found.high for one in singles if one.mean not in lost)


@given(values, st.floats(0, 1))
@settings(max_examples=50, deadline=None)
def test_a_greater_last_value_never_lowers_the_wealth_on_more(drawn: list[float], less: float) -> None:
    state = wealth(0.4)
    for value in drawn:
        state = staked(state, value)
    low, high = sorted((less, drawn[-1]))
    assert staked(state, low).more <= staked(state, high).more
    assert staked(state, low).less >= staked(state, high).less


def test_what_is_not_bounded_is_refused() -> None:
    for value in (-0.1, 1.1, math.nan):
        with pytest.raises(ValueError, match="between 0 and 1"):
            staked(wealth(0.5), value)
        with pytest.raises(ValueError, match="between 0 and 1"):
            seen(no_values(), value)
        with pytest.raises(ValueError, match="an outcome"):
            assigned(Effect(), value, candidate=True, share=0.5)
    with pytest.raises(ValueError, match="an outcome"):
        assigned(Effect(), 0.5, candidate=True, share=1.0)
    with pytest.raises(ValueError, match="a mean and a level"):
        wealth(1.0)
    with pytest.raises(ValueError, match="a level"):
        no_values(alpha=1.0)
    assert math.isnan(bounded_interval(no_values()).point)
