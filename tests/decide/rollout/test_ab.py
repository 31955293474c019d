"""Experiments between users: who wins, who does not, and that all of it can be computed again from the record."""

from itertools import pairwise

import numpy as np
import pytest
from msgspec import structs
from tests.decide.rollout.test_decision import START, look

from headway.decide.rollout.experiment import FURTHER
from headway.decide.rollout.forest import forest
from headway.decide.rollout.rules import verdict_of
from headway.decide.rules import RULES
from headway.evidence.stage import Rollout
from headway.evidence.verdict import Answer
from headway.evidence.window import Arm, Count, Groups, Window
from headway.spec.experiment import Ab
from headway.spec.guardrail import ErrorGuardrail, LatencyGuardrail, MetricGuardrail, Selectors
from headway.spec.rollout import Rollout as Wish

EDGES = (100.0, 125.0, 156.25, 200.0)
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
    for metric in ("errors", "slower than 125 ms"):
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


def test_a_metric_that_was_asked_for_after_the_last_window_shows_nothing_and_breaks_nothing() -> None:
    orders = MetricGuardrail(prometheus=Selectors(bad='bad{group="{group}"}', of='all{group="{group}"}'))
    later = structs.replace(WISH, guardrails=(*WISH.guardrails, orders))
    ended = run(WISH, (0.02, 0.02), most=5)
    assert verdict_of(ended, later).answer is Answer.UNDECIDED
    assert b"prometheus" not in forest(ended, later)


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


DECLINED = MetricGuardrail(name="declined", prometheus=Selectors(bad="declined", of="orders"))
ORDERS = MetricGuardrail(name="orders", prometheus=Selectors(good="orders", of="visits"))
SALES = structs.replace(WISH, guardrails=(ErrorGuardrail(), DECLINED, ORDERS))


def sales(rng: np.random.Generator, declined: float = 0.05, orders: float = 0.05) -> Window:
    """As `window`, and of each group's visits: 5 % orders and 5 % declined at stable."""

    def counted(arm: Arm, rates: tuple[float, float]) -> Arm:
        of = int(rng.poisson(400))
        return structs.replace(arm, metrics=tuple(Count(counted=int(rng.binomial(of, rate)), of=of) for rate in rates))

    seen = window(rng, (0.02, 0.02))
    assert seen.groups is not None
    control = tuple(counted(arm, (0.05, 0.05)) for arm in seen.groups.control)
    candidate = tuple(counted(arm, (declined, orders)) for arm in seen.groups.candidate)
    return structs.replace(seen, groups=Groups(control=control, candidate=candidate))


def sold(wish: Wish, declined: float = 0.05, orders: float = 0.05, *, seed: int = 5, most: int = 60) -> Rollout:
    rng, rollout = np.random.default_rng(seed), look(structs.replace(START, split="users"), wish=wish)
    for _ in range(most):
        if rollout.state != "running":
            break
        rollout = look(rollout, sales(rng, declined, orders), wish=wish)
    return rollout


@pytest.mark.parametrize(("declined", "orders"), [(0.03, 0.05), (0.05, 0.08)], ids=["fewer bad", "more good"])
def test_a_version_that_is_better_by_a_metric_of_the_team_wins(declined: float, orders: float) -> None:
    ended = sold(SALES, declined, orders)
    assert (ended.state, ended.why.partition(" at look")[0]) == ("promoting", "2.0.0 wins")
    verdict = verdict_of(ended, SALES)
    assert verdict.answer is Answer.PASS
    for metric, rate in (("declined", declined), ("orders", orders)):
        assert verdict.numbers[f"{metric} 2.0.0 low"] < rate < verdict.numbers[f"{metric} 2.0.0 high"]
        assert verdict.numbers[f"{metric} difference"] == pytest.approx(rate - 0.05, abs=0.005)
    assert RULES["ab/1"](verdict.inputs) == verdict


def test_a_version_wins_only_by_the_metric_that_the_spec_names() -> None:
    named = structs.replace(SALES, ab=Ab(better_by="orders"))
    assert sold(named, declined=0.03).state == "running"
    assert sold(named, orders=0.08).state == "promoting"


@pytest.mark.parametrize(("declined", "orders"), [(0.09, 0.05), (0.05, 0.03)], ids=["more bad", "fewer good"])
def test_a_version_that_is_worse_by_a_metric_of_the_team_is_aborted(declined: float, orders: float) -> None:
    ended = sold(SALES, declined, orders)
    assert (ended.state, "1.0.0 wins, 2.0.0 is worse" in ended.why) == ("aborting", True)
    assert verdict_of(ended, SALES).answer is Answer.FAIL


def test_an_equal_version_has_no_winner_by_a_metric_of_the_team() -> None:
    assert sold(SALES).state == "running"
    assert sold(structs.replace(SALES, ab=Ab(wins_when="safe"))).state == "promoting"


def test_users_who_differ_make_an_equal_version_neither_harmful_nor_better_more_often_than_is_stated() -> None:
    runs = 100
    alone = (structs.replace(ORDERS, tolerate=1.0, tolerate_floor=0.0),)
    wish = structs.replace(WISH, guardrails=alone)
    states = []
    for seed in range(runs):
        rng, rollout = np.random.default_rng(seed), look(structs.replace(START, split="users"), wish=wish)
        keen, bare = rng.gamma(10.0, 0.1, 32), window(rng, (0.02, 0.02))
        for _ in range(12):
            arms = tuple(
                Arm(starts=500, metrics=(Count(counted=int(bought), of=400),))
                for bought in rng.binomial(400, 0.05 * keen)
            )
            groups = Groups(control=arms[:16], candidate=arms[16:])
            if rollout.state == "running":
                rollout = look(rollout, structs.replace(bare, groups=groups, edges_ms=()), wish=wish)
        states.append(rollout.state)
    assert states.count("aborting") <= runs * (0.01 + 3 * (0.01 * 0.99 / runs) ** 0.5)
    assert states.count("promoting") <= runs * (0.05 + 3 * (0.05 * 0.95 / runs) ** 0.5)


@pytest.mark.parametrize("fault", ["silent", "one group", "more orders than visits"])
def test_a_metric_that_is_not_counted_in_each_group_or_cannot_be_lets_nobody_win(fault: str) -> None:
    wish, rng = structs.replace(SALES, ab=Ab(wins_when="safe")), np.random.default_rng(5)
    rollout = look(structs.replace(START, split="users"), wish=wish)
    for _ in range(30):
        seen = sales(rng, orders=0.08)
        assert seen.groups is not None
        (declined, orders), *_ = (arm.metrics for arm in seen.groups.candidate)
        told = {
            "silent": Count(counted=0, of=0),
            "one group": Count(counted=0, of=0),
            "more orders than visits": Count(counted=orders.of + 1, of=orders.of),
        }[fault]
        number = 1 if fault == "one group" else len(seen.groups.candidate)
        broken = tuple(structs.replace(arm, metrics=(declined, told)) for arm in seen.groups.candidate[:number])
        candidate = (*broken, *seen.groups.candidate[number:])
        rollout = look(
            rollout, structs.replace(seen, groups=structs.replace(seen.groups, candidate=candidate)), wish=wish
        )
    assert rollout.state == "running"


def test_a_metric_that_falls_silent_promotes_nobody_by_what_it_said_before() -> None:
    wish, rng = structs.replace(SALES, ab=Ab(wins_when="safe")), np.random.default_rng(5)
    rollout = look(structs.replace(START, split="users"), wish=wish)
    while True:
        seen = sales(rng)
        ended = look(rollout, seen, wish=wish)
        if ended.state == "promoting":
            break
        rollout = ended
    assert seen.groups is not None
    silent = tuple(
        structs.replace(arm, metrics=(arm.metrics[0], Count(counted=0, of=0))) for arm in seen.groups.control
    )
    held = look(rollout, structs.replace(seen, groups=structs.replace(seen.groups, control=silent)), wish=wish)
    assert held.state == "running"
    assert "nothing was seen of orders in the last window" in held.why
