"""The table of states: every pair of state and event."""

import itertools
from collections.abc import Callable
from functools import partial

import pytest
from msgspec import structs
from tests.decide.rollout.test_decision import START

from headway.decide.rollout.decision import decide, finish, give_up
from headway.decide.rollout.machine import ENDED, EVENTS, LIVE, STATES, TRANSITIONS, Event, IllegalMoveError, follow
from headway.decide.rollout.table import STRATEGIES
from headway.evidence.stage import Rollout, State
from headway.spec.rollout import Rollout as Wish

# Written out a second time on purpose: state, then what each event leads to.
WANTED: dict[State, dict[Event, State]] = {
    "waiting": {"ready": "running", "deadline": "aborting", "lost": "aborting", "given up": "aborting"},
    "running": {
        "window": "running",
        "advance": "running",
        "safe": "promoting",
        "harm": "aborting",
        "pause": "paused",
        "doubt": "parked",
        "deadline": "aborting",
        "lost": "aborting",
        "given up": "aborting",
    },
    "paused": {
        "resume": "running",
        "harm": "aborting",
        "doubt": "parked",
        "deadline": "aborting",
        "lost": "aborting",
        "given up": "aborting",
    },
    "parked": {"cured": "waiting", "deadline": "aborting", "lost": "aborting", "given up": "aborting"},
    "promoting": {"done": "promoted", "given up": "aborting"},
    "promoted": {},
    "aborting": {"done": "aborted"},
    "aborted": {},
}


@pytest.mark.parametrize(("state", "event"), list(itertools.product(STATES, EVENTS)))
def test_every_pair_of_state_and_event_leads_where_it_should_or_raises(state: State, event: Event) -> None:
    wanted = WANTED[state].get(event)
    if wanted is None:
        with pytest.raises(IllegalMoveError, match=state):
            follow(state, event)
    else:
        assert follow(state, event) == wanted


def test_every_state_can_be_reached_and_every_state_but_an_ended_one_can_be_left() -> None:
    assert {"waiting", *TRANSITIONS.values()} == set(STATES)
    assert {state for state, _ in TRANSITIONS} == set(STATES) - ENDED


def test_every_state_that_is_not_over_ends_at_its_deadline_or_is_ending_already() -> None:
    for state in set(STATES) - ENDED:
        assert (state, "deadline") in TRANSITIONS or (state, "done") in TRANSITIONS


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize(("move", "event"), [(partial(give_up, why="a person"), "given up"), (finish, "done")])
def test_a_move_that_is_illegal_raises_and_changes_nothing(
    state: State, move: Callable[[Rollout], Rollout], event: Event
) -> None:
    rollout = structs.replace(START, state=state, stage=1, weight=20.0, why="before")
    wanted = WANTED[state].get(event)
    if wanted is None:
        with pytest.raises(IllegalMoveError, match=state):
            move(rollout)
        assert rollout == structs.replace(START, state=state, stage=1, weight=20.0, why="before")
    else:
        assert move(rollout).state == wanted


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("strategy", sorted(STRATEGIES))
@pytest.mark.parametrize("ready", [False, True])
@pytest.mark.parametrize("paused", [False, True])
@pytest.mark.parametrize("doubt", ["", "the source is silent"])
@pytest.mark.parametrize("now", [10.0, START.deadline])
def test_no_look_at_any_state_is_illegal_and_a_look_takes_one_row_of_the_table(
    state: State, strategy: str, *, ready: bool, paused: bool, doubt: str, now: float
) -> None:
    split = STRATEGIES[strategy].SPLIT
    rollout = structs.replace(START, state=state, split=split, weight=5.0 if state in LIVE else 0.0)
    wish = Wish(strategy=strategy)  # type: ignore[arg-type]  # the table of strategies
    after = decide(rollout, wish, None, ready=ready, now=now, paused=paused, doubt=doubt)
    assert after.state == state or after.state in WANTED[state].values()
    if after.state not in LIVE | {"promoting", "promoted"}:
        assert after.weight == 0
