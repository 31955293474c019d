"""What the running loop cannot do, told to those who look: kept beside the traffic, for `status` is another process."""

from contextlib import suppress

import msgspec

from headway.reconcile.memory import Memory
from headway.reconcile.ports import PortError
from headway.reconcile.world import World

__all__ = ["ALL", "REMOTE", "tell", "told"]

# The names under which faults of no one model stand, and what keeps the remote from being heard; no model has them.
ALL = ""
REMOTE = "/remote"
KEY = "troubles"


def tell(world: World, memory: Memory) -> None:
    """Keep the faults of the last pass; written when they change, and later when that cannot be."""
    found = memory.troubles | ({REMOTE: memory.silence} if memory.silence else {})
    if memory.told != found:
        with suppress(PortError):
            world.runtime.remember(KEY, msgspec.json.encode(found))
            memory.told = found


def told(world: World) -> dict[str, str]:
    """Faults of the last pass, by model; those that all share under ALL, and the remote's under REMOTE."""
    data = world.runtime.recall(KEY)
    if data is None:
        return {}
    try:
        return msgspec.json.decode(data, type=dict[str, str])
    except msgspec.DecodeError:
        return {}
