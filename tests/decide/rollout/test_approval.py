"""Steps that wait for a person: nothing rises to them unapproved, and an approval raises nothing by itself."""

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from msgspec import structs
from tests.decide.rollout.start import START

from headway.decide.rollout.decision import decide
from headway.decide.rollout.rules import verdict_of
from headway.evidence.stage import Rollout
from headway.evidence.verdict import Answer
from headway.evidence.window import Arm, Window
from headway.spec.freeze import Freeze
from headway.spec.rollout import Rollout as Wish

WISH = Wish(window=1.0, approve_at=(50.0, 100.0))


def look(
    rollout: Rollout, *, wish: Wish = WISH, approved: tuple[float, ...] = (), errors: int = 0, now: float = 10.0
) -> Rollout:
    mine = round(4 * rollout.weight)
    seen = Window(
        start=0.0,
        end=1.0,
        weight=rollout.weight,
        control=Arm(starts=400 - mine),
        candidate=Arm(starts=mine, errors=min(errors, mine)),
    )
    given = {rollout.candidate.bundle: approved}
    return decide(rollout, wish, seen if rollout.weight else None, ready=True, now=now, approved=given)


def after(rollout: Rollout, count: int, *, wish: Wish = WISH, approved: tuple[float, ...] = ()) -> Rollout:
    for _ in range(count):
        rollout = look(rollout, wish=wish, approved=approved)
    return rollout


def test_a_rollout_stays_before_each_step_until_it_is_approved() -> None:
    waiting = after(START, 60)
    assert (waiting.state, waiting.weight, waiting.awaits) == ("running", 20.0, 50.0)
    assert "waits for `headway approve delay@2.0.0 --to production --at 50`" in waiting.why
    risen = after(waiting, 1, approved=(50.0,))
    assert (risen.state, risen.weight, risen.awaits) == ("running", 50.0, 0.0)
    last = after(risen, 60, approved=(50.0,))
    assert (last.state, last.weight, last.awaits) == ("running", 50.0, 100.0)
    assert verdict_of(last, WISH).answer is Answer.PASS
    assert after(last, 1, approved=(50.0, 100.0)).state == "promoting"


def test_approvals_that_came_early_change_nothing_for_the_better() -> None:
    early, asked_nothing = START, START
    for _ in range(60):
        early = look(early, approved=(50.0, 100.0))
        asked_nothing = look(asked_nothing, wish=Wish(window=1.0))
        assert early == asked_nothing
    assert early.state == "promoting"


def test_an_approval_of_the_promotion_is_none_of_the_stage_before() -> None:
    waiting = after(START, 60, approved=(100.0,))
    assert (waiting.weight, waiting.awaits) == (20.0, 50.0)


def test_an_approval_does_not_stand_for_evidence() -> None:
    waiting = after(START, 60)
    silent = Window(start=0.0, end=1.0, weight=20.0, control=Arm(starts=320), candidate=Arm())
    given = {START.candidate.bundle: (50.0, 100.0)}
    approved = decide(waiting, WISH, silent, ready=True, now=10.0, approved=given)
    assert (approved.state, approved.weight, approved.awaits) == ("running", 20.0, 0.0)
    assert "nothing was seen of errors in the last window" in approved.why
    assert decide(waiting, WISH, None, ready=True, now=10.0, approved=given) == waiting


@pytest.mark.parametrize("strategy", ["blue-green", "shadow", "direct"])
def test_every_strategy_waits_before_its_promotion(strategy: str) -> None:
    wish = Wish(strategy=strategy, window=1.0, approve_at=(100.0,))  # type: ignore[arg-type]  # one of the strategies
    start = structs.replace(START, split="copies" if strategy == "shadow" else "answers")
    waiting = after(start, 80, wish=wish)
    assert (waiting.state, waiting.awaits) == ("running", 100.0)
    assert after(waiting, 1, wish=wish, approved=(100.0,)).state == "promoting"


def test_what_waits_is_still_guarded_and_ends_at_its_deadline() -> None:
    waiting = after(START, 60)
    harmed = waiting
    for _ in range(20):
        harmed = look(harmed, errors=20)
    assert (harmed.state, harmed.awaits) == ("aborting", 0.0)
    late = look(waiting, now=START.deadline)  # with a full window, so that its evidence is looked at, too
    assert late.state == "aborting"
    assert "not decided by its deadline" in late.why
    assert "headway approve" in late.why


def test_what_waits_for_a_person_can_be_paused_by_one_and_parked_by_a_doubt() -> None:
    waiting = after(START, 60)
    paused = decide(waiting, WISH, None, ready=True, now=10.0, paused=True)
    assert (paused.state, paused.weight, paused.awaits) == ("paused", 20.0, 0.0)
    assert after(decide(paused, WISH, None, ready=True, now=10.0), 1).awaits == 50.0
    parked = decide(waiting, WISH, None, ready=True, now=10.0, doubt="silent")
    assert (parked.state, parked.awaits) == ("parked", 0.0)


def test_a_freeze_holds_what_a_person_has_approved() -> None:
    cold = structs.replace(WISH, freeze=(Freeze(begin="thu 00:00", end="fri 00:00"),))  # 1970 began on a Thursday
    waiting = after(START, 60)
    assert after(waiting, 1, wish=cold, approved=(50.0,)).weight == 20.0


def test_a_step_that_main_asks_for_later_is_not_slipped_past_by_a_cure() -> None:
    parked = decide(after(START, 60), WISH, None, ready=True, now=10.0, doubt="silent")
    wish = structs.replace(WISH, approve_at=(20.0,))
    back = after(parked, 5, wish=wish)
    assert (back.state, back.weight, back.awaits) == ("waiting", 0.0, 20.0)
    assert after(back, 1, wish=wish, approved=(20.0,)).weight == 20.0
    assert decide(back, wish, None, ready=False, now=START.deadline).state == "aborting"


@given(
    st.sets(st.sampled_from((20.0, 50.0, 100.0))),
    st.lists(st.tuples(st.integers(0, 3), st.sets(st.sampled_from((20.0, 50.0, 100.0)))), max_size=40),
)
@hypothesis_settings(max_examples=60, deadline=None)
def test_no_weight_is_reached_over_a_step_that_nobody_has_approved(
    steps: set[float], looks: list[tuple[int, set[float]]]
) -> None:
    wish, rollout, approved = structs.replace(WISH, approve_at=tuple(sorted(steps))), START, set[float]()
    for errors, more in looks:
        approved |= more
        before, rollout = rollout, look(rollout, wish=wish, approved=tuple(approved), errors=errors)
        reached = 100.0 if rollout.state == "promoting" else rollout.weight
        if reached > before.weight:
            assert {step for step in steps if step <= reached} <= approved
        assert (rollout.awaits != 0.0) == ("waits for `headway approve" in rollout.why and rollout.state == "running")
