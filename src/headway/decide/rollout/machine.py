"""The states of a rollout as one table: which event leads where.  Knows neither windows nor evidence."""

from collections.abc import Mapping
from typing import Literal, TypeAlias, get_args

from headway.evidence.stage import State

__all__ = ["ENDED", "EVENTS", "LIVE", "STATES", "TRANSITIONS", "Event", "IllegalMoveError", "follow"]

Event: TypeAlias = Literal[
    "ready", "window", "advance", "safe", "harm", "doubt", "cured", "pause", "resume",
    "deadline", "lost", "given up", "done",
]  # fmt: skip

STATES: tuple[State, ...] = get_args(State)

EVENTS: Mapping[Event, str] = {
    "ready": "the candidate is ready at its share of replicas",
    "window": "a window passed and decided nothing",
    "advance": "safety is shown as far as this stage asks, and another stage follows",
    "safe": "safety is shown at the last stage",
    "harm": "harm beyond what is tolerated is shown",
    "doubt": "the data cannot be trusted, or their source is silent",
    "cured": "the data can be trusted again",
    "pause": "a person pauses",
    "resume": "a person resumes",
    "deadline": "the deadline passed without a decision",
    "lost": "the state of the test was lost twice",
    "given up": "a person aborts or rolls back, or a newer candidate that passed its gates takes its place",
    "done": "traffic and Git both say so",
}

# In these the candidate may answer requests, so evidence is gathered.
LIVE: frozenset[State] = frozenset({"running", "paused"})
ENDED: frozenset[State] = frozenset({"promoted", "aborted"})

TRANSITIONS: Mapping[tuple[State, Event], State] = {
    ("waiting", "ready"): "running",
    ("running", "window"): "running",
    ("running", "advance"): "running",
    ("running", "safe"): "promoting",
    ("running", "harm"): "aborting",
    ("running", "pause"): "paused",
    ("running", "doubt"): "parked",
    ("paused", "harm"): "aborting",
    ("paused", "resume"): "running",
    ("paused", "doubt"): "parked",
    ("parked", "cured"): "waiting",
    **{(state, "deadline"): "aborting" for state in ("waiting", "running", "paused", "parked")},
    **{(state, "lost"): "aborting" for state in ("waiting", "running", "paused", "parked")},
    **{(state, "given up"): "aborting" for state in ("waiting", "running", "paused", "parked", "promoting")},
    ("promoting", "done"): "promoted",
    ("aborting", "done"): "aborted",
}


class IllegalMoveError(ValueError):
    """This event has no meaning in this state; nothing was changed."""


def follow(state: State, event: Event) -> State:
    """The state after an event; IllegalMoveError where the table has no row.

    >>> follow("running", "harm")
    'aborting'
    """
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        known = ", ".join(known for at, known in TRANSITIONS if at == state) or "nothing"
        raise IllegalMoveError(f"a rollout that is {state} cannot meet '{event}', only {known}") from None
