"""The loop: a pass, a wait with a reason and a limit, a pass.  An event is only a hint to look sooner."""

from collections.abc import Callable, Sequence

from headway.plan.action import Action
from headway.reconcile.memory import Memory
from headway.reconcile.once import Pass, once
from headway.reconcile.world import World

__all__ = ["converge", "keep"]

MOST_PASSES = 10_000


def keep(world: World, memory: Memory, *, wait: Callable[[float], bool], tell: Callable[[Pass], None]) -> None:
    """Pass after pass until `wait` (seconds) says to stop; `tell` hears of each."""
    while True:
        done = once(world, memory)
        tell(done)
        if wait(0.0 if done.changed else world.look_s):
            return


def converge(
    world: World, memory: Memory, *, wait: Callable[[float], bool], tell: Callable[[Pass], None]
) -> Sequence[Action]:
    """Pass after pass until nothing is left to do or to wait for but people; the last pass's actions."""
    for _ in range(MOST_PASSES):
        done = once(world, memory)
        tell(done)
        if done.settled or wait(0.0 if done.changed else world.look_s):
            break
    return done.actions
