"""The state of rollouts, kept beside the traffic: stored before a weight moves, read by the next process."""

import msgspec

from headway.evidence.stage import Rollout
from headway.reconcile.memory import Memory
from headway.reconcile.ports import PortError
from headway.reconcile.world import World
from headway.spec.release import Served

__all__ = ["keep", "kept", "note"]


def keep(world: World, memory: Memory, rollout: Rollout, beside: Rollout | None = None) -> None:
    """Store a rollout durably; PortError when it cannot be, and then nothing may rise on its strength.

    `beside` is the one that the record still names while this one is about to take its place: whichever of the two the
    record names after a crash, its state is there.
    """
    both = [known for known in (rollout, beside) if known]
    world.runtime.remember(_key(rollout.model, rollout.environment), msgspec.json.encode(both))
    memory.ahead.pop((rollout.model, rollout.environment), None)


def note(world: World, memory: Memory, rollout: Rollout) -> str:
    """Store a rollout whose weight does not rise; why it could not be stored, and then this process alone knows of it.

    A full disk neither stops a retreat nor loses evidence of harm.
    """
    memory.ahead[rollout.model, rollout.environment] = rollout
    try:
        keep(world, memory, rollout)
    except PortError as error:
        return str(error)
    return ""


def kept(world: World, memory: Memory, model: str, environment: str, candidate: Served | None) -> Rollout | None:
    """The state of this very candidate, or None when there is none; what could not be stored yet comes first."""
    if candidate is None:
        return None
    ahead = memory.ahead.get((model, environment))
    if ahead and ahead.candidate == candidate:
        return ahead
    data = world.runtime.recall(_key(model, environment))
    if data is None:
        return None
    try:
        found = msgspec.json.decode(data, type=list[Rollout])
    except msgspec.DecodeError:
        return None
    return next((known for known in found if known.candidate == candidate), None)


def _key(model: str, environment: str) -> str:
    return f"rollout/{environment}/{model}"
