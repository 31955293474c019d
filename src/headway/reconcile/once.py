"""One pass: read everything, compute the next actions, perform them, and read again until nothing moves."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from msgspec import Struct

from headway.plan.action import Action, Nothing, Wait
from headway.plan.wanted import next_actions
from headway.reconcile.gather import gather, model_names
from headway.reconcile.memory import Memory
from headway.reconcile.perform import perform
from headway.reconcile.ports import PortError
from headway.reconcile.telling import ALL, tell
from headway.reconcile.urgent import obey
from headway.reconcile.watching import watch
from headway.reconcile.world import World

__all__ = ["Pass", "once", "refresh"]

# Actions that move something and that a model may take in one pass; what is left is taken up by the next, so that no
# model starves another.
MOST_STEPS = 8


class Pass(Struct, frozen=True, kw_only=True):
    """What a pass came to: lines to show, the actions that stand, faults by model (and those that all share)."""

    lines: tuple[str, ...] = ()
    actions: tuple[Action, ...] = ()
    troubles: dict[str, str] = {}
    changed: bool = False

    @property
    def settled(self) -> bool:
        """Nothing moves and nothing is under way but what waits for a person."""
        return not self.changed and all(isinstance(action, Nothing | Wait) for action in self.actions)


def once(world: World, memory: Memory) -> Pass:
    """One pass over every model.  A fault, of one model or of what all share, is told and stops nothing else."""
    lines: list[str] = []
    actions: list[Action] = []
    troubles: dict[str, str] = {}
    with _told(troubles, ALL):
        refresh(world, memory)
    with _told(troubles, ALL):
        world.runtime.beat()
    names: Sequence[str] = ()
    with _told(troubles, ALL):
        names = model_names(memory) if memory.main else ()
    for name in names:
        said: list[str] = []
        with _told(troubles, name):
            memory.last[name] = _one(world, memory, name, said)
            actions += memory.last[name]
        lines += [f"{name}: {line}" for line in said]
    changed = bool(lines)
    with _told(troubles, ALL):
        lines += _publish(memory)
    lines += _remote(memory)
    lines += [
        f"{name}: {trouble}" if name else trouble
        for name, trouble in troubles.items()
        if memory.troubles.get(name) != trouble
    ]
    memory.troubles = troubles
    tell(world, memory)
    return Pass(lines=tuple(lines), actions=tuple(actions), troubles=troubles, changed=changed)


@contextmanager
def _told(troubles: dict[str, str], name: str) -> Iterator[None]:
    """Note what goes wrong inside, under a name, and go on."""
    try:
        yield
    except PortError as error:
        fault = str(error)
    except Exception as error:  # noqa: BLE001 - the outer border of a pass: told, and tried again by the next
        fault = f"this is a fault of Headway, not yours; what serves goes on: {error!r}"
    else:
        return
    troubles[name] = f"{troubles[name]}; {fault}" if name in troubles else fault


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


def _publish(memory: Memory) -> list[str]:
    """Push what is ahead, unless the remote did not answer when it was asked last: then the next answer brings it.

    What was dropped because another decided first is told.
    """
    book = memory.book
    if not (book.written or book.head.ahead) or book.head.problem:
        return []
    book.publish()
    return [f"dropped, and read again: {dropped}" for dropped in book.dropped]


def _remote(memory: Memory) -> list[str]:
    """What keeps the remote from being heard or believed, told once until it changes."""
    head = memory.book.head
    problem = "; ".join(dict.fromkeys(filter(None, (memory.problem, head.problem))))
    if problem == memory.silence:
        return []
    memory.silence = problem
    waits = f" ({head.ahead} commits of the record wait to be pushed)" if head.ahead else ""
    return [f"{problem}{waits}" if problem else "the remote answers again"]


def _one(world: World, memory: Memory, name: str, said: list[str]) -> tuple[Action, ...]:
    """Act for one model until nothing moves; after every move everything is read again.  The actions that stand."""
    actions: tuple[Action, ...] = ()
    for _ in range(MOST_STEPS):
        scene = gather(world, memory, name)
        line, waits = obey(scene)
        if waits:
            return waits
        if line:
            said.append(line)
            continue
        actions = next_actions(scene.facts)
        for action in actions:
            effect = perform(scene, action)
            said += [effect.line] if effect.line else []
            if effect.changed:
                break
        else:
            said += watch(scene)
            break
    return actions
