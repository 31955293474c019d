"""The words between runtime and supervisor, and what the supervisor keeps: records only."""

from typing import Literal

from msgspec import Struct

from headway.adapters.local.process import Identity
from headway.evidence.weights import Route
from headway.render.manifest import Object

__all__ = [
    "Answer",
    "Apply",
    "Beat",
    "Carried",
    "Down",
    "Engine",
    "Look",
    "Place",
    "Pod",
    "PodView",
    "Request",
    "Reset",
    "Timing",
    "View",
    "Work",
    "place_key",
]


class Timing(Struct, frozen=True, kw_only=True):
    """Seconds.

    `lease` after the last word of `up` the supervisor resets routes; `stale` after the supervisor's last beat Envoy
    itself does.  `settle` passes between two steps of a drain; `start` is the longest that a model may take to load.
    """

    lease: float = 5.0
    beat: float = 0.5
    stale: float = 3.0
    settle: float = 0.25
    start: float = 120.0
    answer: float = 15.0
    restart_first: float = 0.2
    restart_most: float = 30.0


class Work(Struct, frozen=True, kw_only=True):
    """A Deployment as processes: the command of one of them, and how many."""

    name: str
    version: str
    bundle: str
    command: tuple[str, ...]
    env: dict[str, str] = {}
    replicas: int = 1
    drain_s: float = 10.0


class Carried(Struct, frozen=True, kw_only=True):
    """A route, and which works carry each of its versions."""

    route: Route
    works: dict[str, tuple[str, ...]]


class Place(Struct, frozen=True, kw_only=True):
    """One model in one environment: what is wished, and what is in force.

    `retiring` were in force before, and Envoy may still send requests their way.  `generation` rises whenever counts
    can no longer be compared with those before; `tripped` says why the dead-man switch holds the candidate at zero.
    """

    model: str
    environment: str
    works: tuple[Work, ...] = ()
    wished: Carried | None = None
    force: Carried | None = None
    retiring: tuple[Carried, ...] = ()
    host: str = ""
    port: int = 0
    generation: int = 0
    tripped: str = ""
    objects: tuple[Object, ...] = ()


class Pod(Struct, frozen=True, kw_only=True):
    """One process of a work.  Written down before it is started, so that a crash between leaves no orphan unknown."""

    place: str
    work: Work
    nonce: str
    began: float
    who: Identity | None = None
    port: int = 0
    leaving: float = 0.0
    told: float = 0.0


class Engine(Struct, frozen=True, kw_only=True):
    """Envoy as written down: like a pod, before it is started."""

    nonce: str
    began: float
    who: Identity | None = None


class Apply(Struct, frozen=True, kw_only=True, tag_field="op", tag="apply"):
    """Bring a place to this."""

    place: Place
    timing: Timing


class Look(Struct, frozen=True, kw_only=True, tag_field="op", tag="look"):
    """Say how a place is."""

    model: str
    environment: str


class Beat(Struct, frozen=True, kw_only=True, tag_field="op", tag="beat"):
    """The decider lives."""


class Reset(Struct, frozen=True, kw_only=True, tag_field="op", tag="reset"):
    """Take every request to stable, now."""

    model: str
    environment: str
    why: str


class Down(Struct, frozen=True, kw_only=True, tag_field="op", tag="down"):
    """End traffic, then the models, then Envoy, then yourself."""


Request = Apply | Look | Beat | Reset | Down


class PodView(Struct, frozen=True, kw_only=True):
    """A process as others may see it."""

    name: str
    work: str
    version: str
    pid: int
    port: int
    nonce: str
    state: Literal["starting", "ready", "leaving"]


class View(Struct, frozen=True, kw_only=True):
    """A place as it is; `troubles` by work, `admin` the socket of Envoy's admin interface.

    `listening` is whether Envoy has taken the place's listener up.
    """

    place: Place
    pods: tuple[PodView, ...] = ()
    troubles: dict[str, str] = {}
    admin: str = ""
    epoch: str = ""
    envoy_pid: int = 0
    listening: bool = False


class Answer(Struct, frozen=True, kw_only=True):
    """`error` is a sentence when the request was refused."""

    error: str = ""
    view: View | None = None
    did: bool = False
    pid: int = 0


def place_key(model: str, environment: str) -> str:
    """The name of a place, and of its listener."""
    return f"{environment}.{model}"
