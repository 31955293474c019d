"""What is known of one model at one instant: all that the next actions are computed from."""

from typing import Literal

from msgspec import Struct

from headway.evidence.record import Requested
from headway.evidence.stage import Rollout
from headway.spec.release import Served

__all__ = ["Arm", "Facts", "Gates", "Pending", "Place", "Retrained"]

Gates = Literal["unjudged", "passed", "refused", "undecided"]


class Pending(Struct, frozen=True, kw_only=True):
    """A person's request that nobody has carried out yet; `record` is its digest."""

    record: str
    environment: str
    request: Requested
    signer: str


class Arm(Struct, frozen=True, kw_only=True):
    """A version that main wants beside the newest in an experiment; `fault` is why it cannot be had there."""

    version: str
    served: Served | None = None
    fault: str = ""
    gates: Gates = "unjudged"
    gates_why: str = ""
    approved: bool = False


class Place(Struct, frozen=True, kw_only=True):
    """One environment, in the order of promotion.

    `known` are the versions that were stable here, by number.  `kept` was replaced by the stable one and runs on at
    weight zero for a while; `floor` is how many replicas stable may not have fewer than.
    `asked` is a version that a person wants here (by the request `asked_by`); `gates` and `tried` speak of the version
    wanted next, `arms` of those beside it; `also` are on their way beside the candidate.
    `approved_at` holds by bundle the approvals of further steps, as the record's digest by the weight; `starts`
    counts how often the candidate's test was begun, `lost` how often since the last start its state was lost,
    `started` is when that was; `stale` says what runs otherwise than wished.
    """

    environment: str
    live: bool
    approval: bool
    decides: bool
    stable: Served | None = None
    candidate: Served | None = None
    also: tuple[Served, ...] = ()
    over: Served | None = None
    previous: Served | None = None
    known: dict[str, Served] = {}
    kept: Served | None = None
    floor: int = 0
    retired: bool = False
    asked: Served | None = None
    asked_by: str = ""
    gates: Gates = "unjudged"
    gates_why: str = ""
    approved: bool = False
    approved_at: dict[str, dict[float, str]] = {}
    tried: bool = False
    arms: tuple[Arm, ...] = ()
    paused: bool = False
    rollout: Rollout | None = None
    starts: int = 0
    lost: int = 0
    started: float = 0.0
    stale: tuple[str, ...] = ()

    @property
    def awaits(self) -> float:
        """The weight that the candidate's evidence allows and that nobody has approved yet; 0 when there is none."""
        awaits = self.rollout.awaits if self.rollout else 0.0
        given = self.approved_at.get(self.rollout.heir.bundle, {}) if self.rollout else {}
        return 0.0 if awaits in given else awaits


class Retrained(Struct, frozen=True, kw_only=True):
    """Is a retraining due (`start`), due and not had (`held`), or neither; `told` when the record says so already."""

    state: Literal["start", "held", "none"] = "none"
    cause: str = ""
    why: str = ""
    told: bool = False


class Facts(Struct, frozen=True, kw_only=True):
    """One model: its wish at a commit of main, what was made of it, where it serves, and what people asked for.

    `problem` is why its spec cannot be used: then it is served as it is and nothing new is made.
    `frozen` says until when no rollout starts.  `version` is what the wished recipe and the lock make; `failed` why
    there is none; `retraining` is whether another one on new data is due.
    """

    model: str
    main: str
    problem: str = ""
    strategy: str = "canary"
    may_train: bool = False
    recipe: str = ""
    locked: bool = False
    version: Served | None = None
    failed: str = ""
    cause: Literal["commit", "data", "retraining"] = "commit"
    hold: str = ""
    frozen: str = ""
    retraining: Retrained = Retrained()
    places: tuple[Place, ...] = ()
    pending: tuple[Pending, ...] = ()
