"""Experiments between users: who wins, who does not, and that all of it can be computed again from the record."""

from itertools import pairwise

import numpy as np
import pytest
from msgspec import structs
from tests.decide.rollout.test_decision import START, look

from headway.decide.rollout.experiment import FURTHER
from headway.decide.rollout.rules import verdict_of
from headway.decide.rules import RULES
from headway.evidence.stage import Rollout
from headway.evidence.verdict import Answer
from headway.evidence.window import Arm, Groups, Window
from headway.spec.experiment import Ab
from headway.spec.guardrail import ErrorGuardrail, LatencyGuardrail
from headway.spec.rollout import Rollout as Wish

EDGES = (10.0, 12.5, 15.625, 20.0)
WISH = Wish(strategy="ab", window=1.0, guardrails=(ErrorGuardrail(), LatencyGuardrail(latency="p90")))
SAFE = structs.replace(WISH, ab=Ab(wins_when="safe"))
RUNNING = look(structs.replace(START, split="users"), wish=WISH)


def window(rng: np.random.Generator, rates: tuple[float, float], times: tuple[float, float] = (1.0, 1.0)) -> Window:
    """A second: 16 groups of users in each arm, stable's rate of errors and the candidate's, and how slow each is."""
    arms = []
    for rate, slow in zip(rates, times, strict=True):
        starts = rng.poisson(500, 16)
        above = [rng.binomial(starts, min(1.0, share * slow)) for share in (0.2, 0.12, 0.07, 0.01)]
        arms.append(
            tuple(
                Arm(starts=int(n), errors=int(bad), slower=tuple(int(one[at]) for one in above))
                for at, (n, bad) in enumerate(zip(starts, rng.binomial(starts, rate), strict=True))
            )
        )
    control, candidate = (
        Arm(starts=sum(group.starts for group in arm), errors=sum(group.errors for group in arm)) for arm in arms
    )
    return Window(
        start=0.0, end=1.0, weight=50.0, edges_ms=EDGES, control=control, candidate=candidate,
        groups=Groups(control=arms[0], candidate=arms[1]),
    )  # fmt: skip


def run(wish: Wish, rates: tuple[float, float], times: tuple[float, float] = (1.0, 1.0), most: int = 60) -> Rollout:
    rng, rollout = np.random.default_rng(5), RUNNING
    for _ in range(most):
        if rollout.state != "running":
            break
        rollout = look(rollout, window(rng, rates, times), wish=wish)
    return rollout


def test_a_better_version_wins_and_every_number_is_in_the_verdict() -> None:
    ended = run(WISH, (0.02, 0.01))
    assert (ended.state, ended.why.partition(" at look")[0]) == ("promoting", "2.0.0 wins")
    verdict = verdict_of(ended, WISH)
    assert (verdict.rule, verdict.answer) == ("ab/1", Answer.PASS)
    for metric in ("errors", "slower than 12.5 ms"):
        for arm in ("1.0.0", "2.0.0", "difference"):
            low, point, high = (verdict.numbers[f"{metric} {arm}{end}"] for end in (" low", "", " high"))
            assert low < point < high
    assert verdict.numbers["errors difference high"] < 0
    assert RULES["ab/1"](verdict.inputs) == verdict


def test_an_equal_version_is_safe_and_wins_only_where_that_is_enough() -> None:
    assert run(SAFE, (0.02, 0.02)).state == "promoting"
    waiting = run(WISH, (0.02, 0.02))
    assert waiting.state == "running"
    ended = look(waiting, now=waiting.deadline, wish=WISH)
    assert ended.state == "aborting"
    assert "no winner" in ended.why
    assert verdict_of(ended, WISH).answer is Answer.UNDECIDED


@pytest.mark.parametrize(("rates", "times"), [((0.02, 0.04), (1.0, 1.0)), ((0.02, 0.02), (1.0, 2.5))])
def test_a_version_that_fails_oftener_or_answers_later_is_aborted(
    rates: tuple[float, float], times: tuple[float, float]
) -> None:
    ended = run(WISH, rates, times)
    assert ended.state == "aborting"
    assert "1.0.0 wins, 2.0.0 is worse" in ended.why
    assert verdict_of(ended, WISH).answer is Answer.FAIL


def test_better_errors_buy_no_slowness() -> None:
    assert run(SAFE, (0.04, 0.01), (1.0, 3.0)).state == "aborting"


def test_looks_lie_ever_further_apart_and_the_last_window_is_always_one() -> None:
    rng, rollout, at = np.random.default_rng(5), RUNNING, []
    for number in range(1, 61):
        before = rollout.experiment.looks if rollout.experiment else 0
        rollout = look(rollout, window(rng, (0.02, 0.02)), wish=WISH)
        assert rollout.experiment is not None
        at += [number] if rollout.experiment.looks > before else []
    assert at[:4] == [1, 2, 3, 5]
    assert all(later >= FURTHER * early for early, later in pairwise(at[1:]))
    last = structs.replace(window(rng, (0.02, 0.02)), end=7199.5)
    looked = look(rollout, last, wish=WISH)
    assert looked.experiment is not None
    assert looked.experiment.looked == 61


def test_sums_are_kept_once_and_no_window_holds_them() -> None:
    ended = run(WISH, (0.02, 0.02), most=5)
    assert {seen.groups for seen in ended.windows} == {None}
    assert ended.experiment is not None
    assert sum(group.starts for group in ended.experiment.control) == sum(seen.control.starts for seen in ended.windows)


def test_other_users_begin_other_sums_and_looks_stay_spent() -> None:
    rollout = run(WISH, (0.02, 0.02), most=5)
    rng = np.random.default_rng(6)
    other = structs.replace(WISH, ab=Ab(header="x-user-id"))
    after = look(rollout, window(rng, (0.02, 0.02)), wish=other)
    assert rollout.experiment is not None
    assert after.experiment is not None
    assert (after.experiment.windows, after.experiment.looks) == (1, rollout.experiment.looks + 1)


def test_without_groups_or_without_a_guardrail_nothing_is_shown() -> None:
    rng = np.random.default_rng(5)
    bare = structs.replace(window(rng, (0.0, 0.0)), groups=None)
    assert look(RUNNING, bare, wish=SAFE) == RUNNING
    none = structs.replace(SAFE, guardrails=())
    assert run(none, (0.02, 0.0), most=20).state == "running"


def test_users_that_are_split_otherwise_park_it_until_the_deadline() -> None:
    rng, rollout = np.random.default_rng(5), RUNNING
    for _ in range(3):
        seen = window(rng, (0.02, 0.02))
        assert seen.groups is not None
        thin = tuple(
            Arm(starts=arm.starts // 2, errors=arm.errors // 2, slower=tuple(slow // 2 for slow in arm.slower))
            for arm in seen.groups.candidate
        )
        uneven = structs.replace(seen, groups=structs.replace(seen.groups, candidate=thin))
        rollout = look(rollout, uneven, wish=WISH)
    assert (rollout.state, rollout.weight) == ("parked", 0.0)
    assert "not split as intended" in rollout.why
