"""The promises of a rollout by simulation: what is aborted or promoted wrongly, with ramps, drift and late harm."""

import math
from collections.abc import Callable
from statistics import median

import numpy as np
import pytest

from headway.decide.rollout.decision import decide
from headway.evidence.stage import Rollout
from headway.evidence.window import Arm, Past, Window
from headway.spec.guardrail import ErrorGuardrail
from headway.spec.release import Served
from headway.spec.rollout import Rollout as Wish
from headway.spec.rollout import WrongAtMost

Rates = Callable[[int], tuple[float, float]]
# A level that 100 runs can measure; the guarantee is the same statement at every level.
LOOSE = Wish(window=60.0, wrong_at_most=WrongAtMost(abort=0.1, promote=0.1), stages=(1.0, 5.0, 20.0, 50.0))


def run(
    wish: Wish,
    rates: Rates,
    source: np.random.Generator,
    *,
    windows: int = 60,
    per_window: int = 12_000,
    burst: int = 1,
    spread: float = 0.0,
) -> tuple[str, int]:
    """One rollout of at most so many windows; `rates` gives candidate's and control's error rate in a window.

    Errors come in bursts of so many; `spread` is what was known of them before.
    """
    rollout = Rollout(
        model="m",
        environment="e",
        candidate=Served(version="2", bundle="b"),
        over=Served(version="1", bundle="a"),
        state="running",
        weight=wish.stages[0],
        started=0.0,
        deadline=1e9,
        before=Past(starts=10_000, errors=round(10_000 * rates(0)[1]), spread={"errors": spread}),
    )
    for at in range(windows):
        rate, control = rates(at)
        mine = int(source.binomial(per_window, rollout.weight / 100))
        window = Window(
            start=60.0 * at,
            end=60.0 * (at + 1),
            weight=rollout.weight,
            control=Arm(starts=per_window - mine, errors=_errors(source, per_window - mine, control, burst)),
            candidate=Arm(starts=mine, errors=_errors(source, mine, rate, burst)),
        )
        rollout = decide(rollout, wish, window, ready=True, now=0.0)
        if rollout.state != "running":
            return rollout.state, at + 1
    return rollout.state, windows


def _errors(source: np.random.Generator, of: int, rate: float, burst: int) -> int:
    if burst == 1:
        return int(source.binomial(of, rate))
    return min(of, burst * int(source.poisson(of * rate / burst)))


def share(
    wish: Wish, rates: Rates, state: str, *, runs: int = 100, seed: int = 1, burst: int = 1, spread: float = 0.0
) -> float:
    source = np.random.default_rng(seed)
    return sum(run(wish, rates, source, burst=burst, spread=spread)[0] == state for _ in range(runs)) / runs


def most(level: float, runs: int = 100) -> float:
    return level + 3 * math.sqrt(level * (1 - level) / runs)


@pytest.mark.parametrize("control", [0.0005, 0.01])
def test_a_candidate_at_the_tolerance_is_aborted_no_more_often_than_stated(control: float) -> None:
    worse = max(1.1 * control, control + 0.001)
    assert share(LOOSE, lambda _: (worse, control), "aborting") <= most(0.1)


@pytest.mark.parametrize("control", [0.0, 0.01])
def test_a_candidate_at_the_margin_is_promoted_no_more_often_than_stated(control: float) -> None:
    worse = max(1.5 * control, control + 0.005)
    assert share(LOOSE, lambda _: (worse, control), "promoting") <= most(0.1)


def test_errors_that_double_in_both_versions_during_a_ramp_abort_nothing() -> None:
    # Every rule that pools over stages aborts a harmless candidate here, in every run (statistics chapter, 4.4).
    def rising(at: int) -> tuple[float, float]:
        rate = 0.01 * (1 + min(at, 20) / 20)
        return rate, rate

    assert share(LOOSE, rising, "aborting", runs=60) <= most(0.02, 60)
    assert share(LOOSE, rising, "promoting", runs=30) > 0.9


def test_harm_that_begins_late_is_found_soon_after_a_healthy_start() -> None:
    wish = Wish(window=60.0, guardrails=(ErrorGuardrail(worse_by_at_most=1.01, floor=0.0001),), stages=(5.0,))
    source = np.random.default_rng(3)
    ended = [run(wish, lambda at: (0.01 if at < 30 else 0.04, 0.01), source) for _ in range(20)]
    assert {state for state, _ in ended} == {"aborting"}
    assert median(at for _, at in ended) - 30 <= 6


IN_BURSTS = Wish(window=60.0, wrong_at_most=WrongAtMost(abort=0.1, promote=0.1), stages=(5.0,))


def test_errors_in_bursts_abort_a_harmless_candidate_no_more_often_than_stated_once_they_are_known() -> None:
    harmless = lambda _: (0.01, 0.01)  # noqa: E731
    assert share(IN_BURSTS, harmless, "aborting", burst=30, spread=30.0) <= most(0.1)
    assert share(IN_BURSTS, harmless, "aborting", burst=30) > most(0.1)  # what counting one by one makes of them


def test_a_bad_candidate_is_aborted_through_bursts_and_one_at_the_margin_not_promoted() -> None:
    assert share(IN_BURSTS, lambda _: (0.05, 0.01), "aborting", burst=10, spread=10.0, runs=40) > 0.9
    assert share(IN_BURSTS, lambda _: (0.015, 0.01), "promoting", burst=10, spread=10.0) <= most(0.1)
