"""Rollouts look by look: what promotes, what aborts, what waits, and that a restart changes nothing."""

import math

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs
from tests.decide.rollout.start import START

from headway.decide.rollout.decision import coming, decide, finish, give_up
from headway.decide.rollout.guardrails.evidence import evidence_of_harm, evidence_of_safety
from headway.decide.rollout.machine import IllegalMoveError
from headway.decide.rollout.rules import verdict_of
from headway.decide.rollout.strategy import SPLIT_WRONG_AT_MOST
from headway.decide.rules import RULES
from headway.evidence.stage import Rollout
from headway.evidence.verdict import Answer, Verdict
from headway.evidence.window import Arm, Window
from headway.spec.freeze import Freeze
from headway.spec.guardrail import ErrorGuardrail, LatencyGuardrail
from headway.spec.rollout import Rollout as Wish
from headway.stats.ratio import log_tilts

WISH = Wish(window=1.0)
EDGES = tuple(1.25**k for k in range(7, 30))


def window(weight: float, *, per_s: int = 400, errors: int = 0, control_errors: int = 0, at: float = 0.0) -> Window:
    mine = round(per_s * weight / 100)
    return Window(
        start=at,
        end=at + 1,
        weight=weight,
        control=Arm(starts=per_s - mine, errors=control_errors),
        candidate=Arm(starts=mine, errors=errors),
    )


def look(rollout: Rollout, seen: Window | None = None, *, wish: Wish = WISH, **more: object) -> Rollout:
    settings_of_look: dict[str, object] = {"ready": True, "now": 10.0} | more
    return decide(rollout, wish, seen, **settings_of_look)  # type: ignore[arg-type]


def after(rollout: Rollout, count: int, *, wish: Wish = WISH, **counts: int) -> Rollout:
    for _ in range(count):
        rollout = look(rollout, window(rollout.weight, **counts), wish=wish)
    return rollout


RUNNING = look(START)


def test_a_candidate_waits_at_weight_zero_until_it_is_ready() -> None:
    assert look(START, ready=False) == START
    assert (RUNNING.state, RUNNING.weight, RUNNING.stage) == ("running", 5.0, 0)


def test_a_good_candidate_rises_through_its_stages_and_is_promoted() -> None:
    weights, rollout = [RUNNING.weight], RUNNING
    while rollout.state == "running":
        rollout = after(rollout, 1)
        weights.append(rollout.weight)
    assert rollout.state == "promoting"
    assert list(dict.fromkeys(weights)) == [5.0, 20.0, 50.0]
    assert len(rollout.windows) <= 20
    done = finish(rollout)
    assert (done.state, done.weight) == ("promoted", 100.0)


def test_evidence_of_safety_is_never_begun_again_at_a_stage() -> None:
    rollout = RUNNING
    while rollout.stage == 0:
        rollout = after(rollout, 1)
    first = len(rollout.windows)
    while rollout.stage == 1:
        rollout = after(rollout, 1)
    assert rollout.tally is not None
    assert evidence_of_safety(rollout.tally.tracks[0]) >= math.log(20) * 2 / 3
    assert len(rollout.windows) - first < first


def test_a_candidate_that_fails_is_aborted_at_weight_zero_with_the_numbers_in_the_reason() -> None:
    rollout = after(RUNNING, 10, errors=2)
    assert (rollout.state, rollout.weight) == ("aborting", 0.0)
    assert "errors worse than tolerated" in rollout.why
    assert finish(rollout).state == "aborted"


def test_errors_that_both_versions_share_abort_nothing() -> None:
    rollout = after(RUNNING, 30, errors=1, control_errors=19)
    assert rollout.state == "running"


def test_an_ended_rollout_changes_no_more() -> None:
    aborting = after(RUNNING, 10, errors=2)
    assert look(aborting, window(5.0)) == aborting
    with pytest.raises(IllegalMoveError):
        give_up(aborting, "again")
    with pytest.raises(IllegalMoveError):
        finish(RUNNING)


def test_the_deadline_ends_a_rollout_in_every_state_that_waits() -> None:
    late = 7200.0
    for rollout in (START, RUNNING, look(RUNNING, paused=True), look(RUNNING, doubt="the source is silent")):
        ended = look(rollout, ready=False, now=late, paused=rollout.state == "paused")
        assert ended.state == "aborting"
        assert "deadline" in ended.why


def test_a_doubt_parks_at_weight_zero_and_its_cure_goes_on_where_it_stood() -> None:
    rollout = RUNNING
    while rollout.stage == 0:
        rollout = after(rollout, 1)
    parked = look(rollout, window(20.0, errors=80), doubt="counts do not add up")
    assert (parked.state, parked.weight, parked.windows) == ("parked", 0.0, rollout.windows)
    assert look(parked, doubt="counts do not add up").state == "parked"
    cured = look(parked)
    assert cured.state == "waiting"
    again = look(cured)
    assert (again.state, again.weight, again.stage, again.tally) == ("running", 20.0, 1, rollout.tally)


def test_a_paused_rollout_keeps_its_weight_goes_no_further_and_is_still_guarded() -> None:
    paused = look(RUNNING, paused=True)
    assert (paused.state, paused.weight) == ("paused", 5.0)
    for _ in range(40):
        paused = look(paused, window(5.0), paused=True)
    assert (paused.state, paused.stage) == ("paused", 0)
    assert look(paused, paused=False).state == "running"
    for _ in range(20):
        paused = look(paused, window(5.0, errors=3), paused=True)
    assert paused.state == "aborting"


def test_a_pause_stops_a_promotion_that_the_same_look_would_bring() -> None:
    rollout = RUNNING
    before = rollout
    while rollout.state == "running":
        before, rollout = rollout, after(rollout, 1)
    assert look(before, window(50.0), paused=True).state == "paused"


def test_a_state_lost_twice_aborts() -> None:
    assert look(structs.replace(START, lost=1)).state == "running"
    assert look(structs.replace(START, lost=2)).state == "aborting"


def test_a_rollout_without_guardrails_is_never_promoted() -> None:
    wish = Wish(guardrails=())
    rollout = after(look(START, wish=wish), 300, wish=wish)
    assert rollout.state == "running"
    assert verdict_of(rollout, wish).answer is Answer.UNDECIDED


def test_silence_of_the_candidate_promotes_nothing() -> None:
    rollout = RUNNING
    for _ in range(300):
        rollout = look(rollout, structs.replace(window(5.0), candidate=Arm()))
    assert (rollout.state, rollout.stage) == ("parked", 0)


def test_a_window_with_another_weight_than_the_stage_moves_nothing_on() -> None:
    rollout = after(RUNNING, 5)
    for _ in range(100):
        rollout = look(rollout, window(50.0))
    assert rollout.stage == 0
    assert look(rollout, window(33.0)).windows == rollout.windows


def test_a_restarted_test_needs_twice_the_evidence_each_time() -> None:
    first, second = RUNNING, structs.replace(RUNNING, restarts=2)
    while first.state == "running":
        first = after(first, 1)
    while second.state == "running":
        second = after(second, 1)
    assert len(second.windows) > len(first.windows)
    assert verdict_of(second, WISH).numbers["safe at"] == pytest.approx(math.log(20 * 4))


def test_more_guardrails_share_the_error_rate_of_aborting() -> None:
    two = Wish(guardrails=(ErrorGuardrail(share=4.0), LatencyGuardrail(latency="p95")))
    numbers = verdict_of(RUNNING, two).numbers
    assert numbers["errors harm at"] == pytest.approx(math.log(125))
    assert numbers["latency p95 harm at"] == pytest.approx(math.log(500))


def test_blue_green_has_one_stage_with_half_of_the_traffic() -> None:
    wish = Wish(strategy="blue-green")
    rollout = look(START, wish=wish)
    assert rollout.weight == 50.0
    while rollout.state == "running":
        rollout = after(rollout, 1, wish=wish)
    assert rollout.state == "promoting"
    assert verdict_of(rollout, wish).answer is Answer.PASS


def test_direct_is_promoted_once_ready_and_compares_nothing() -> None:
    wish = Wish(strategy="direct")
    rollout = look(look(START, wish=wish), wish=wish)
    assert rollout.state == "promoting"
    assert verdict_of(rollout, wish).answer is Answer.NOT_APPLICABLE


def test_a_strategy_that_is_not_carried_out_never_starts() -> None:
    wish = Wish(strategy="shadow")
    assert look(START, wish=wish).state == "waiting"
    assert look(START, wish=wish, now=7200.0).state == "aborting"


def test_a_changed_wish_is_judged_on_all_windows_so_far() -> None:
    rollout = after(RUNNING, 8)
    strict = Wish(guardrails=(ErrorGuardrail(floor=0.001),))
    changed = look(rollout, window(5.0), wish=strict)
    straight = look(START, wish=strict)
    for seen in (*rollout.windows, window(5.0)):
        straight = look(straight, seen, wish=strict)
    assert changed.tally == straight.tally


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 6)), min_size=1, max_size=12), st.integers(0, 11))
@settings(max_examples=40, deadline=None)
def test_a_restart_at_any_window_continues_the_same_test(counts: list[tuple[int, int]], at: int) -> None:
    straight = resumed = RUNNING
    for number, (errors, control_errors) in enumerate(counts):
        seen = window(5.0, errors=errors, control_errors=control_errors)
        straight = look(straight, seen)
        if number == at:
            resumed = msgspec.json.decode(msgspec.json.encode(resumed), type=Rollout)
        resumed = look(resumed, seen)
    assert resumed == straight
    if straight.state == "running":
        forgetful = look(structs.replace(straight, tally=None), window(straight.weight))
        assert forgetful == look(straight, window(straight.weight))


def test_the_verdict_of_an_ended_rollout_is_recomputed_from_its_windows_alone() -> None:
    good = RUNNING
    while good.state == "running":
        good = after(good, 1)
    bad, late = after(RUNNING, 10, errors=2), look(after(RUNNING, 3), now=7200.0)
    for rollout, answer in ((good, Answer.PASS), (bad, Answer.FAIL), (late, Answer.UNDECIDED)):
        verdict = verdict_of(rollout, WISH)
        assert verdict.answer is answer
        kept = msgspec.json.decode(msgspec.json.encode(verdict), type=Verdict)
        assert RULES[kept.rule](kept.inputs) == verdict
        assert rollout.tally is not None
        assert verdict.numbers["errors harm"] == evidence_of_harm(rollout.tally.tracks[0])


def test_requests_that_end_in_a_later_window_than_they_began_break_nothing() -> None:
    odd = structs.replace(window(5.0), candidate=Arm(starts=1, errors=4))
    assert look(RUNNING, odd).state in {"running", "aborting"}


def split(rollout: Rollout, share: float | None, seconds: int) -> Rollout:
    """Windows one after the other in which the candidate gets `share` of the requests; None is what its weight says."""
    start = rollout.windows[-1].end if rollout.windows else 0.0
    for at in range(seconds):
        if rollout.state != "running":
            return rollout
        mine = round(400 * (rollout.weight / 100 if share is None else share))
        seen = Window(
            start=start + at,
            end=start + at + 1,
            weight=rollout.weight,
            control=Arm(starts=400 - mine),
            candidate=Arm(starts=mine),
        )
        rollout = look(rollout, seen)
    return rollout


def test_requests_that_are_not_split_as_the_weight_says_park_until_the_deadline() -> None:
    parked = split(RUNNING, 0.02, 60)
    assert (parked.state, parked.weight) == ("parked", 0.0)
    assert "not split as the weights say" in parked.why
    assert look(parked).state == "parked"
    assert look(parked, now=7200.0).state == "aborting"


def test_a_version_that_hangs_is_no_wrong_split_for_what_began_counts() -> None:
    rollout = RUNNING
    for _ in range(60):
        hanging, answering = Arm(starts=0, begun=20), Arm(starts=380, begun=381)
        rollout = look(rollout, structs.replace(window(5.0), candidate=hanging, control=answering))
    assert (rollout.state, rollout.stage) == ("running", 0)
    assert split(RUNNING, 0.0, 60).state == "parked"


@pytest.mark.parametrize("begun", [0, -1])
def test_where_nothing_began_what_ended_is_no_request_of_this_window(begun: int) -> None:
    seen = structs.replace(window(5.0), control=Arm(starts=380, begun=381))
    ended, none = (
        look(RUNNING, structs.replace(seen, candidate=Arm(starts=starts, begun=begun))).tally for starts in (3, 0)
    )
    assert ended
    assert none
    assert ended.ratio == none.ratio


def test_a_right_split_parks_nothing() -> None:
    assert split(RUNNING, None, 60).state == "promoting"


@pytest.mark.parametrize("share", [0.05, 0.5])
def test_requests_that_are_split_by_chance_seldom_look_as_if_they_were_not(share: float) -> None:
    rollouts, windows, requests = 20_000, 60, 200
    candidate = np.random.default_rng(7).binomial(requests, share, (rollouts, windows)).cumsum(axis=1)
    control = requests * np.arange(1, windows + 1) - candidate
    each = [np.array(log_tilts(*one, share)) for one in ((1, 0), (0, 1))]  # a window's evidence is linear in its counts
    logs = candidate[..., None] * each[0] + control[..., None] * each[1]
    parked = (np.exp(logs).mean(axis=2) >= 1.0 / SPLIT_WRONG_AT_MOST).any(axis=1).mean()
    assert 0.0 < parked <= SPLIT_WRONG_AT_MOST + 3 * math.sqrt(SPLIT_WRONG_AT_MOST / rollouts)


def test_a_doubt_promotes_nothing_even_when_the_same_window_would() -> None:
    rollout = RUNNING
    before = rollout
    while rollout.state == "running":
        before, rollout = rollout, after(rollout, 1)
    assert before.tally is not None
    wrong = structs.replace(before, tally=structs.replace(before.tally, ratio=(10.0,) * 12))
    assert look(wrong, window(50.0)).state == "parked"


def test_blue_green_says_what_its_evidence_does_not_speak_of() -> None:
    wish = Wish(strategy="blue-green")
    rollout = look(START, wish=wish)
    while rollout.state == "running":
        rollout = after(rollout, 1, wish=wish)
    assert "after the switch is descriptive" in rollout.why


def test_the_candidate_gets_the_replicas_of_the_weight_that_comes() -> None:
    assert coming(START, WISH) == 5.0
    assert coming(RUNNING, WISH) == 5.0
    parked = structs.replace(RUNNING, state="parked", stage=1, weight=0.0)
    assert coming(parked, WISH) == 20.0
    assert coming(START, Wish(strategy="direct")) == 100.0


def test_no_promotion_before_the_least_time_and_stages_and_harm_do_not_wait_for_it() -> None:
    wish = structs.replace(WISH, at_least=40.0)
    rollout, sooner = after(RUNNING, 39, wish=wish), after(RUNNING, 39)
    assert sooner.state == "promoting"
    assert (rollout.state, rollout.stage) == ("running", 2)
    assert "counted for 39 s of at least 40 s" in rollout.why
    assert verdict_of(rollout, wish).answer is Answer.UNDECIDED
    promoted = after(rollout, 1, wish=wish)
    assert promoted.state == "promoting"
    assert verdict_of(promoted, wish).answer is Answer.PASS
    assert after(RUNNING, 10, wish=wish, errors=2).state == "aborting"


def test_in_a_freeze_nothing_rises_and_harm_aborts_all_the_same() -> None:
    # 1970 began on a Thursday.
    wish = structs.replace(WISH, freeze=(Freeze(begin="thu 00:00", end="fri 00:00"),))
    assert look(START, wish=wish) == START
    rollout = after(RUNNING, 20, wish=wish)
    assert (rollout.state, rollout.stage, rollout.weight) == ("running", 0, 5.0)
    assert "frozen until Fri 1970-01-02 00:00 UTC" in rollout.why
    assert after(rollout, 10, wish=wish, errors=3).state == "aborting"
    assert look(rollout, window(5.0), wish=structs.replace(wish, freeze=()), now=10.0).stage == 1
    assert look(rollout, wish=wish, now=START.deadline).state == "aborting"


def second_stage() -> Rollout:
    rollout = RUNNING
    while rollout.stage == 0:
        rollout = after(rollout, 1)
    assert rollout.weight == 20.0
    return rollout


def test_other_stages_on_main_raise_nothing_without_evidence_and_do_not_leave_it_standing() -> None:
    wish = structs.replace(WISH, stages=(5.0, 50.0))
    rollout, weights = second_stage(), []
    for _ in range(100):
        rollout = after(rollout, 1, wish=wish) if rollout.state == "running" else look(rollout, wish=wish)
        weights.append(rollout.weight)
        if rollout.state == "promoting":
            break
    assert weights[:3] == [0.0, 0.0, 5.0]  # parked, waiting, and from the first of them on
    assert list(dict.fromkeys(weights)) == [0.0, 5.0, 50.0]
    assert rollout.state == "promoting"


@pytest.mark.parametrize(("stages", "stage"), [((20.0, 50.0), 0), ((1.0, 5.0, 20.0, 50.0), 2)])
def test_a_weight_that_is_still_a_stage_goes_on_as_that_stage(stages: tuple[float, ...], stage: int) -> None:
    wish = structs.replace(WISH, stages=stages)
    rollout = after(second_stage(), 1, wish=wish)
    assert (rollout.state, rollout.weight, rollout.stage) == ("running", 20.0, stage)
    for _ in range(60):
        if rollout.state == "running":
            rollout = after(rollout, 1, wish=wish)
    assert rollout.state == "promoting"


def test_neither_a_pause_nor_a_cure_gives_the_weight_of_another_stage() -> None:
    wish = structs.replace(WISH, stages=(5.0, 50.0))
    assert look(second_stage(), wish=wish, paused=True).weight == 0.0
    parked = look(second_stage(), doubt="silent")
    assert look(look(parked, wish=wish), wish=wish).weight == 5.0


@pytest.mark.parametrize("paused", [True, False])
@pytest.mark.parametrize("stages", [(5.0, 20.0, 50.0), (5.0, 50.0), (50.0,), (1.0,)])
def test_a_look_without_a_window_raises_no_weight(stages: tuple[float, ...], *, paused: bool) -> None:
    for rollout in (second_stage(), look(second_stage(), paused=True)):
        assert look(rollout, wish=structs.replace(WISH, stages=stages), paused=paused).weight <= rollout.weight
