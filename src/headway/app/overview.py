"""What `status` and `plan` show: the facts of every model, gathered as the loop does.  Looking changes nothing."""

from collections.abc import Iterator
from pathlib import Path

from headway.app.repository import Repository, open_repository
from headway.app.views import Overview, Plan
from headway.app.wiring import open_memory, open_runtime, open_world, up_holder
from headway.plan.action import Nothing, Wait, plan_digest
from headway.plan.wanted import next_actions
from headway.reconcile.foreseeing import foresee
from headway.reconcile.gather import gather, model_names
from headway.reconcile.memory import Memory
from headway.reconcile.once import refresh
from headway.reconcile.ports import PortError
from headway.reconcile.scene import Scene
from headway.reconcile.status import Alarm, ModelStatus, alarms, expected_false_aborts, status_of
from headway.reconcile.telling import ALL, REMOTE, told
from headway.reconcile.urgent import in_words, waiting
from headway.reconcile.world import World

__all__ = ["next_plan", "overview"]


def overview(repo: Path) -> Overview:
    """Where the repository and every model stand."""
    repository, world, memory = _open(repo)
    held_by = up_holder(repository)
    troubles = told(world) if held_by else {}
    return Overview(
        main=memory.main,
        record=memory.book.head.commit,
        unpushed=memory.book.head.ahead,
        problem=memory.problem or memory.book.head.problem or troubles.get(REMOTE, ""),
        trouble=troubles.get(ALL, ""),
        held_by=held_by,
        supervisor=open_runtime(repository).supervisor(),
        models=tuple(_status(memory, name, found, troubles.get(name, "")) for name, found in _scenes(world, memory)),
    )


def next_plan(repo: Path) -> Plan:
    """What the next pass would do, and what the rollouts that come will see."""
    _, world, memory = _open(repo)
    found = dict(_scenes(world, memory))
    scenes = [scene for scene in found.values() if isinstance(scene, Scene)]
    unseen = {name: why for name, why in found.items() if isinstance(why, str)}
    actions = tuple(action for scene in scenes for action in next_actions(scene.facts))
    empty = not unseen and all(isinstance(action, Nothing | Wait) for action in actions)
    foreseen = tuple(rollout for scene in scenes for rollout in foresee(scene))
    return Plan(
        empty=empty,
        digest=plan_digest(actions),
        actions=actions,
        foreseen=foreseen,
        unseen=unseen,
        false_aborts=sum(_false_aborts(memory, name, scene) for name, scene in found.items()),
    )


def _open(repo: Path) -> tuple[Repository, World, Memory]:
    repository = open_repository(repo, patience_s=0)
    world, memory = open_world(repository), open_memory(repository)
    refresh(world, memory)
    return repository, world, memory


def _scenes(world: World, memory: Memory) -> Iterator[tuple[str, Scene | str]]:
    """Every model's scene, or why it cannot be had: one that cannot be looked at hides no other."""
    for name in model_names(memory):
        try:
            yield name, gather(world, memory, name)
        except PortError as error:
            yield name, str(error)


def _status(memory: Memory, name: str, scene: Scene | str, trouble: str) -> ModelStatus:
    if isinstance(scene, str):
        return ModelStatus(model=name, state="Stalled", reason="Unseen", message=scene, generation=memory.main)
    facts = scene.facts
    urgent = waiting(scene.world.runtime, name)
    state = memory.book.ledger.model(name)
    return status_of(
        facts,
        next_actions(facts),
        dict(scene.observed),
        alerts=(*alarms(facts, state), *([Alarm(said=in_words(urgent))] if urgent else [])),
        trouble=trouble,
        expected=_false_aborts(memory, name, scene),
    )


def _false_aborts(memory: Memory, name: str, scene: Scene | str) -> float:
    if isinstance(scene, str) or scene.model is None:
        return 0.0
    return expected_false_aborts(memory.book.ledger.model(name), scene.model.spec.rollout, scene.now)
