"""Where a rollout stands.  Kept beside the traffic and stored before a weight moves, so that a restart goes on."""

from typing import Literal

from msgspec import Struct

from headway.evidence.window import Window
from headway.spec.release import Served

__all__ = ["Rollout", "State"]

State = Literal["waiting", "running", "paused", "parked", "promoting", "promoted", "aborting", "aborted"]


class Rollout(Struct, frozen=True, kw_only=True):
    """One bundle's one continued test in one environment.  Times are Unix seconds; `weight` is in percent."""

    model: str
    environment: str
    candidate: Served
    over: Served
    state: State = "waiting"
    stage: int = 0
    weight: float = 0.0
    started: float
    deadline: float
    windows: tuple[Window, ...] = ()
    restarts: int = 0
    lost: int = 0
    why: str = ""
