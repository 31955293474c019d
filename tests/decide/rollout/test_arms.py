"""Experiments of several versions: how often a harmless one leaves, a harmful one wins, and who wins of two."""

import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from msgspec import structs
from tests.decide.rollout.test_ab import EDGES, SAFE, WISH
from tests.decide.rollout.test_decision import START, look

from headway.decide.rollout.rules import verdict_of
from headway.decide.rules import RULES
from headway.evidence.stage import Rollout
from headway.evidence.verdict import Answer
from headway.evidence.window import Arm, Groups, Window, total
from headway.spec.guardrail import ErrorGuardrail
from headway.spec.release import Served
from headway.spec.rollout import Rollout as Wish
from headway.spec.rollout import WrongAtMost

ALSO = (Served(version="2.1.0", bundle="c"), Served(version="2.2.0", bundle="d"))
ERRORS = structs.replace(WISH, guardrails=(ErrorGuardrail(),))
RUNNING = look(structs.replace(START, split="users", also=ALSO), wish=ERRORS)
NAMES = ("2.0.0", "2.1.0", "2.2.0")
# Experiments that are simulated.  Three looks spend three quarters of a level, which is 30 % here.
MANY, SPENT = 100, 0.75 * 0.3
AT_MOST = SPENT + 3 * math.sqrt(SPENT * (1 - SPENT) / MANY)


def window(rng: np.random.Generator, rates: Sequence[float], per_group: int = 1500) -> Window:
    """A second: stable's rate of errors and each version's, who share half of the users."""
    arms = [_arm(rng, per_group // (3 if number else 1), rate) for number, rate in enumerate(rates)]
    control, candidate, *others = arms
    return Window(
        start=0.0, end=1.0, weight=50.0, edges_ms=EDGES, control=total(control), candidate=total(candidate),
        groups=Groups(control=control, candidate=candidate, others=dict(zip(NAMES[1:], others, strict=True))),
    )  # fmt: skip


def _arm(rng: np.random.Generator, starts: int, rate: float) -> tuple[Arm, ...]:
    of = rng.poisson(starts, 16)
    return tuple(
        Arm(starts=int(n), errors=int(bad), slower=(0,) * len(EDGES))
        for n, bad in zip(of, rng.binomial(of, rate), strict=True)
    )


def run(rates: Sequence[float], *, seed: int = 5, wish: Wish = ERRORS, most: int = 40) -> Rollout:
    rng, rollout = np.random.default_rng(seed), RUNNING
    for _ in range(most):
        if rollout.state != "running":
            break
        rollout = look(rollout, window(rng, rates), wish=wish)
    return rollout


def test_a_worse_one_leaves_and_the_others_are_judged_on() -> None:
    found = run((0.02, 0.06, 0.02, 0.02))
    assert (found.state, found.dropped, found.weight) == ("running", {"2.0.0"}, 50.0)
    assert found.experiment is not None
    (left,) = found.experiment.dropped
    assert left.windows < found.experiment.looked
    verdict = verdict_of(found, ERRORS)
    assert verdict.answer is Answer.UNDECIDED
    assert verdict.numbers["errors 2.0.0 difference low"] > 0.02
    assert verdict.numbers["errors 1.0.0 beside 2.0.0"] != verdict.numbers["errors 1.0.0"]
    assert RULES["ab/2"](verdict.inputs) == verdict


def test_who_left_stays_away_when_the_question_changes() -> None:
    found = run((0.02, 0.06, 0.02, 0.02), most=8)
    other = structs.replace(ERRORS, guardrails=(ErrorGuardrail(worse_by_at_most=2.0),))
    after = look(found, window(np.random.default_rng(6), (0.02, 0.02, 0.02, 0.02)), wish=other)
    assert after.experiment is not None
    assert (after.dropped, after.experiment.windows) == ({"2.0.0"}, 1)


def test_only_when_all_are_worse_it_aborts() -> None:
    found = run((0.02, 0.06, 0.05, 0.06))
    assert (found.state, found.dropped) == ("aborting", set(NAMES))
    assert verdict_of(found, ERRORS).answer is Answer.FAIL


@pytest.mark.parametrize(("rates", "winner"), [((0.03, 0.03, 0.01, 0.03), 1), ((0.03, 0.02, 0.03, 0.01), 2)])
def test_the_winner_is_the_one_that_is_most_clearly_better(rates: tuple[float, ...], winner: int) -> None:
    found = run(rates)
    assert (found.state, found.heir.version) == ("promoting", NAMES[winner])
    verdict = verdict_of(found, ERRORS)
    assert verdict.answer is Answer.PASS
    assert verdict.why.startswith(f"{NAMES[winner]} wins")


def test_a_winner_waits_for_no_other_and_one_that_is_worse_never_is_it() -> None:
    found = run((0.03, 0.09, 0.01, 0.03))
    assert (found.state, found.heir.version) == ("promoting", "2.1.0")


def test_users_of_one_version_that_are_fewer_than_dealt_park_it() -> None:
    rng, rollout = np.random.default_rng(5), RUNNING
    for _ in range(3):
        seen = window(rng, (0.02, 0.02, 0.02, 0.02))
        assert seen.groups is not None
        thin = tuple(structs.replace(arm, starts=arm.starts * 9 // 10) for arm in seen.groups.others["2.2.0"])
        groups = structs.replace(seen.groups, others={**seen.groups.others, "2.2.0": thin})
        rollout = look(rollout, structs.replace(seen, groups=groups), wish=ERRORS)
    assert (rollout.state, rollout.weight) == ("parked", 0.0)


def rate(wish: Wish, rates: Sequence[float], wrong: Callable[[Rollout], bool]) -> float:
    """How often an experiment of three looks goes wrong."""
    return sum(wrong(run(rates, seed=seed, wish=wish, most=3)) for seed in range(MANY)) / MANY


def test_of_three_equal_versions_one_leaves_no_oftener_than_is_said() -> None:
    """The line is at stable's very rate, so that chance alone decides; without its part each would leave too often."""
    line = ErrorGuardrail(tolerate=1.0, tolerate_floor=0.0)
    strict = structs.replace(ERRORS, guardrails=(line,), wrong_at_most=WrongAtMost(abort=0.3))
    assert rate(strict, (0.02, 0.02, 0.02, 0.02), lambda found: bool(found.dropped)) <= AT_MOST


def test_of_three_harmful_versions_one_wins_no_oftener_than_is_said() -> None:
    line = ErrorGuardrail(worse_by_at_most=1.5, floor=0.0, tolerate=1.6, tolerate_floor=0.0)
    lax = structs.replace(SAFE, guardrails=(line,), wrong_at_most=WrongAtMost(abort=0.01, promote=0.3))
    assert rate(lax, (0.02, 0.03, 0.03, 0.03), lambda found: found.state == "promoting") <= AT_MOST


def test_records_from_before_several_versions_are_read_and_replayed() -> None:
    found = run((0.02, 0.02, 0.02, 0.02), most=5)
    one = structs.replace(found, also=(), experiment=structs.replace(found.experiment, others={}))
    verdict = verdict_of(one, ERRORS)
    inputs = {key: value for key, value in verdict.inputs.items() if key != "also"}
    assert isinstance(inputs["sums"], dict)
    inputs["sums"] = {key: value for key, value in inputs["sums"].items() if key not in {"others", "dropped"}}
    assert verdict.rule == "ab/1"
    assert RULES["ab/1"](inputs).numbers == verdict.numbers
