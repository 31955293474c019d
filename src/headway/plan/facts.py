"""What is known of one model at one instant: all that the next actions are computed from."""

from typing import Literal

from msgspec import Struct

from headway.evidence.record import Requested
from headway.evidence.stage import Rollout
from headway.spec.release import Served

__all__ = ["Facts", "Gates", "Pending", "Place"]

Gates = Literal["unjudged", "passed", "refused", "undecided"]


class Pending(Struct, frozen=True, kw_only=True):
    """A person's request that nobody has carried out yet; `record` is its digest."""

    record: str
    environment: str
    request: Requested
    signer: str


class Place(Struct, frozen=True, kw_only=True):
    """One environment, in the order of promotion.

    `asked` is a version that a person wants here (by the request `asked_by`); `gates` and `tried` speak of the version
    wanted next; `starts` counts how often the
    candidate's test was begun; `stale` says what runs otherwise than wished.
    """

    environment: str
    live: bool
    approval: bool
    decides: bool
    stable: Served | None = None
    candidate: Served | None = None
    over: Served | None = None
    previous: Served | None = None
    retired: bool = False
    asked: Served | None = None
    asked_by: str = ""
    gates: Gates = "unjudged"
    gates_why: str = ""
    approved: bool = False
    tried: bool = False
    rollout: Rollout | None = None
    starts: int = 0
    started: float = 0.0
    stale: tuple[str, ...] = ()


class Facts(Struct, frozen=True, kw_only=True):
    """One model: its wish at a commit of main, what was made of it, where it serves, and what people asked for.

    `problem` is why its spec cannot be used: then it is served as it is and nothing new is made.
    `version` is what the wished recipe and the lock make; `training` why there is none.
    """

    model: str
    main: str
    problem: str = ""
    strategy: str = "canary"
    may_train: bool = False
    recipe: str = ""
    locked: bool = False
    version: Served | None = None
    versions: dict[str, Served] = {}
    failed: str = ""
    cause: Literal["commit", "data", "retraining"] = "commit"
    hold: str = ""
    paused: bool = False
    places: tuple[Place, ...] = ()
    pending: tuple[Pending, ...] = ()
