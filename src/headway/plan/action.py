"""The actions of the loop, as data: printable, comparable, hashable.  Nothing outside an action has effects."""

from typing import Literal

from msgspec import Struct

from headway.spec.digest import digest_of
from headway.spec.release import Served

__all__ = [
    "Action",
    "Apply",
    "Assess",
    "Lock",
    "NotAgain",
    "Nothing",
    "Release",
    "Roll",
    "Train",
    "Wait",
    "plan_digest",
]

Cause = Literal["first", "update", "retraining"]


class Lock(Struct, frozen=True, kw_only=True, tag_field="do", tag="lock"):
    """Pin the data as they are now; `cause` is also `retraining`, which `asked` for it (drift, or a time that is over).

    What is trained next follows from the new lock.
    """

    model: str
    cause: Cause
    why: str
    asked: str = ""


class NotAgain(Struct, frozen=True, kw_only=True, tag_field="do", tag="no retraining"):
    """Write down why a retraining that is due does not start."""

    model: str
    asked: str
    why: str


class Train(Struct, frozen=True, kw_only=True, tag_field="do", tag="train"):
    """Train the wished recipe on the locked data, and number what comes of it."""

    model: str
    recipe: str
    cause: Literal["commit", "data", "retraining"]
    why: str


class Assess(Struct, frozen=True, kw_only=True, tag_field="do", tag="assess"):
    """Measure a version for an environment's gates, over the live one if there is one, and judge it."""

    model: str
    environment: str
    served: Served
    over: Served | None = None


class Release(Struct, frozen=True, kw_only=True, tag_field="do", tag="release"):
    """Change what an environment serves.  `answers` is the digest of the request that asked for it.

    `also` are versions that users see beside the candidate.
    """

    model: str
    environment: str
    how: Literal["direct", "started", "aborted", "rolled back", "retired"]
    stable: Served | None = None
    candidate: Served | None = None
    also: tuple[Served, ...] = ()
    over: Served | None = None
    answers: str = ""
    why: str = ""


class Roll(Struct, frozen=True, kw_only=True, tag_field="do", tag="roll"):
    """Go on with a candidate's rollout: close the window when it is full, judge it, move the weight."""

    model: str
    environment: str


class Apply(Struct, frozen=True, kw_only=True, tag_field="do", tag="apply"):
    """Bring what runs to what the release says."""

    model: str
    environment: str
    why: str


class Wait(Struct, frozen=True, kw_only=True, tag_field="do", tag="wait"):
    """Somebody or something else moves next; `until` is Unix seconds, 0 when nothing limits it but a person."""

    model: str
    why: str
    environment: str = ""
    until: float = 0.0


class Nothing(Struct, frozen=True, kw_only=True, tag_field="do", tag="nothing"):
    """Nothing to do, and why."""

    model: str
    why: str
    environment: str = ""


Action = Lock | NotAgain | Train | Assess | Release | Roll | Apply | Wait | Nothing


def plan_digest(actions: tuple[Action, ...]) -> str:
    """What an approval of a plan binds."""
    return digest_of(actions)
