"""What the running loop cannot do, told to those who look: kept beside the traffic, for `status` is another process."""

from contextlib import suppress

import msgspec

from headway.reconcile.memory import Memory
from headway.reconcile.ports import PortError
from headway.reconcile.world import World

__all__ = ["ALL", "tell", "told"]

# The name under which faults of no one model stand.
ALL = ""
KEY = "troubles"


def tell(world: World, memory: Memory) -> None:
    """Keep the faults of the last pass; written when they change, and later when that cannot be."""
    if memory.told != memory.troubles:
        with suppress(PortError):
            world.runtime.remember(KEY, msgspec.json.encode(memory.troubles))
            memory.told = dict(memory.troubles)


def told(world: World) -> dict[str, str]:
    """Faults of the last pass, by model; those that all share under the empty name."""
    data = world.runtime.recall(KEY)
    if data is None:
        return {}
    try:
        return msgspec.json.decode(data, type=dict[str, str])
    except msgspec.DecodeError:
        return {}
