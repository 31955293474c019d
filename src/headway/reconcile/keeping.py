"""The state of rollouts, kept beside the traffic: stored before a weight moves, read by the next process."""

from contextlib import suppress

import msgspec

from headway.evidence.stage import Rollout
from headway.reconcile.memory import Memory
from headway.reconcile.ports import PortError
from headway.reconcile.world import World
from headway.spec.release import Served

__all__ = ["keep", "kept", "retreating"]


def keep(world: World, rollout: Rollout, beside: Rollout | None = None) -> None:
    """Store a rollout durably.

    `beside` is the one that the record still names while this one is about to take its place: whichever of the two the
    record names after a crash, its state is there.
    """
    both = [known for known in (rollout, beside) if known]
    world.runtime.remember(_key(rollout.model, rollout.environment), msgspec.json.encode(both))


def kept(world: World, memory: Memory, model: str, environment: str, candidate: Served | None) -> Rollout | None:
    """The state of this very candidate, or None when there is none; a retreat that is not written yet comes first."""
    if candidate is None:
        return None
    ending = memory.ending.get((model, environment))
    if ending and ending.candidate == candidate:
        return ending
    data = world.runtime.recall(_key(model, environment))
    if data is None:
        return None
    try:
        found = msgspec.json.decode(data, type=list[Rollout])
    except msgspec.DecodeError:
        return None
    return next((known for known in found if known.candidate == candidate), None)


def retreating(world: World, memory: Memory, rollout: Rollout) -> None:
    """Note that a rollout is given up.  A disk that is full does not stop a retreat: then this process alone knows."""
    memory.ending[rollout.model, rollout.environment] = rollout
    with suppress(PortError):
        keep(world, rollout)


def _key(model: str, environment: str) -> str:
    return f"rollout/{environment}/{model}"
