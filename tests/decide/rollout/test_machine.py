"""The table of states: every pair of state and event."""

import itertools

import pytest

from headway.decide.rollout.machine import ENDED, EVENTS, STATES, TRANSITIONS, Event, IllegalMoveError, follow
from headway.evidence.stage import State

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
