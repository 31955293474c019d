"""What `status` and `plan` show: the facts of every model, gathered as the loop does.  Looking changes nothing."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from headway.app.errors import RefusedError
from headway.app.repository import Repository, open_repository
from headway.app.views import Overview, Plan
from headway.app.wiring import open_memory, open_runtime, open_world, up_holder
from headway.decide.rollout.estimate import Estimates, estimated
from headway.plan.action import Nothing, Wait, plan_digest
from headway.plan.wanted import next_actions
from headway.reconcile.foreseeing import foresee
from headway.reconcile.gather import gather, model_names
from headway.reconcile.memory import Memory
from headway.reconcile.once import refresh
from headway.reconcile.ports import PortError
from headway.reconcile.progress import Progress, progress_of
from headway.reconcile.scene import Scene
from headway.reconcile.status import Alarm, ModelStatus, alarms, expected_false_aborts, status_of
from headway.reconcile.telling import ALL, REMOTE, told
from headway.reconcile.urgent import in_words, waiting
from headway.reconcile.world import World

__all__ = ["looks", "next_plan", "overview"]


def overview(repo: Path, model: str = "", known: dict[str, Estimates] | None = None) -> Overview:
    """Where the repository and every model stand, or a single one, and that with the ratios of its guardrails.

    `known` keeps estimates by environment for the next call.  RefusedError when there is no such model.
    """
    repository, world, memory = _open(repo)
    names = (model,) if model else model_names(memory)
    if model and model not in model_names(memory):
        there = ", ".join(model_names(memory)) or "none"
        raise RefusedError(f"There is no model {model!r}; the models are {there}.")
    closely = (known if known is not None else {}) if model else None
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
        models=tuple(
            _status(memory, name, found, troubles.get(name, ""), closely)
            for name, found in _scenes(world, memory, names)
        ),
    )


def looks(repo: Path, model: str = "") -> Callable[[], Overview]:
    """An overview to call again and again: what was estimated of a rollout is kept, so that only new windows cost."""
    return partial(overview, repo, model, {})


def next_plan(repo: Path) -> Plan:
    """What the next pass would do, and what the rollouts that come will see."""
    _, world, memory = _open(repo)
    found = dict(_scenes(world, memory, model_names(memory)))
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


def _scenes(world: World, memory: Memory, names: Sequence[str]) -> Iterator[tuple[str, Scene | str]]:
    """Each model's scene, or why it cannot be had: one that cannot be looked at hides no other."""
    for name in names:
        try:
            yield name, gather(world, memory, name)
        except PortError as error:
            yield name, str(error)


def _status(
    memory: Memory, name: str, scene: Scene | str, trouble: str, closely: dict[str, Estimates] | None
) -> ModelStatus:
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
        progress=dict(_progress(scene, closely)),
    )


def _progress(scene: Scene, closely: dict[str, Estimates] | None) -> Iterator[tuple[str, Progress]]:
    """How the rollouts of a model go on, by environment; with ratios for who looks closely."""
    for place in scene.facts.places:
        if place.rollout is None or scene.model is None:
            continue
        estimates, wish = None, scene.model.spec.rollout
        if closely is not None:
            estimates = estimated(place.rollout, wish, closely.get(place.environment))
            closely[place.environment] = estimates
        yield place.environment, progress_of(place.rollout, wish, scene.now, estimates)


def _false_aborts(memory: Memory, name: str, scene: Scene | str) -> float:
    if isinstance(scene, str) or scene.model is None:
        return 0.0
    return expected_false_aborts(memory.book.ledger.model(name), scene.model.spec.rollout, scene.now)
