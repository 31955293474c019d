"""One pass: read everything, compute the next actions, perform them, and read again until nothing moves."""

from collections.abc import Sequence

from msgspec import Struct

from headway.plan.action import Action, Nothing, Wait
from headway.plan.wanted import next_actions
from headway.reconcile.gather import gather, model_names
from headway.reconcile.memory import Memory
from headway.reconcile.perform import perform
from headway.reconcile.ports import PortError
from headway.reconcile.scene import Scene
from headway.reconcile.watching import watch
from headway.reconcile.world import World

__all__ = ["Pass", "once", "refresh"]

# Actions a model may take in one pass; what is left is taken up by the next, so that no model starves another.
MOST_STEPS = 6


class Pass(Struct, frozen=True, kw_only=True):
    """What a pass came to: lines to show, the actions that stand, faults by model."""

    lines: tuple[str, ...] = ()
    actions: tuple[Action, ...] = ()
    troubles: dict[str, str] = {}
    changed: bool = False

    @property
    def settled(self) -> bool:
        """Nothing moves and nothing is under way but what waits for a person."""
        return not self.changed and all(isinstance(action, Nothing | Wait) for action in self.actions)


def once(world: World, memory: Memory) -> Pass:
    """One pass over every model.  A fault of one model is told and stops no other."""
    refresh(world, memory)
    world.runtime.beat()
    lines: list[str] = []
    actions: list[Action] = []
    troubles: dict[str, str] = {}
    changed = False
    for name in model_names(memory):
        try:
            told, standing = _one(world, memory, name)
        except PortError as error:
            troubles[name] = str(error)
            continue
        lines += [f"{name}: {line}" for line in told]
        changed = changed or bool(told)
        actions += standing
        memory.last[name] = tuple(standing)
    for name, trouble in troubles.items():
        if memory.troubles.get(name) != trouble:
            lines.append(f"{name}: {trouble}")
    memory.troubles = troubles
    if changed and memory.book.head.ahead >= 0:
        memory.book.publish()
    return Pass(lines=tuple(lines), actions=tuple(actions), troubles=troubles, changed=changed)


def refresh(world: World, memory: Memory) -> None:
    """Read main and the record; a remote is asked at most every `fetch_s`."""
    now = world.clock.now()
    if memory.main and now - memory.refreshed < world.fetch_s:
        memory.book.follow()
        return
    head = world.source.refresh()
    memory.main, memory.problem = head.commit, head.problem
    memory.book.refresh()
    memory.refreshed = now


def _one(world: World, memory: Memory, name: str) -> tuple[Sequence[str], Sequence[Action]]:
    lines: list[str] = []
    for _ in range(MOST_STEPS):
        scene: Scene = gather(world, memory, name)
        actions = next_actions(scene.facts)
        effects = [perform(scene, action) for action in actions]
        lines += [effect.line for effect in effects if effect.line]
        if not any(effect.changed for effect in effects):
            lines += watch(scene)
            break
    return lines, actions
