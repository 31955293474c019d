"""What `status` and `plan` show: the facts of every model, gathered as the loop gathers them."""

from pathlib import Path

from headway.app.repository import open_repository
from headway.app.views import Overview, Plan
from headway.app.wiring import open_memory, open_runtime, open_world, up_holder
from headway.plan.action import Nothing, Wait, plan_digest
from headway.plan.wanted import next_actions
from headway.reconcile.gather import gather, model_names
from headway.reconcile.once import refresh
from headway.reconcile.scene import Scene
from headway.reconcile.status import ModelStatus, status_of

__all__ = ["next_plan", "overview"]


def overview(repo: Path) -> Overview:
    """Where the repository and every model stand."""
    repository = open_repository(repo)
    world, memory = open_world(repository), open_memory(repository)
    refresh(world, memory)
    names = model_names(memory)
    return Overview(
        main=memory.main,
        record=memory.book.head.commit,
        unpushed=memory.book.head.ahead,
        problem=memory.problem or memory.book.head.problem,
        held_by=up_holder(repository),
        supervisor=open_runtime(repository).supervisor(),
        models=tuple(_status(gather(world, memory, name)) for name in names),
    )


def next_plan(repo: Path) -> Plan:
    """What the next pass would do."""
    repository = open_repository(repo)
    world, memory = open_world(repository), open_memory(repository)
    refresh(world, memory)
    actions = tuple(
        action for name in model_names(memory) for action in next_actions(gather(world, memory, name).facts)
    )
    empty = all(isinstance(action, Nothing | Wait) for action in actions)
    return Plan(empty=empty, digest=plan_digest(actions), actions=actions)


def _status(scene: Scene) -> ModelStatus:
    state = scene.memory.book.ledger.model(scene.facts.model)
    alerts = [
        f"{alert.alerted.monitor} in {alert.environment}: {'; '.join(verdict.why for verdict in alert.verdicts)}"
        for alert in state.alerts.values()
    ]
    if state.held_retraining:
        alerts.append(f"retraining is held: {state.held_retraining}")
    return status_of(scene.facts, next_actions(scene.facts), dict(scene.observed), alerts=alerts)
