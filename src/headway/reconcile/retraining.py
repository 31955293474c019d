"""Starts a retraining when it is due: moves the lock to the data of today, and lets the loop train what main says."""

from headway.decide.retrain import Due, Situation, due
from headway.evidence.record import Retraining, Subject
from headway.plan.facts import Place
from headway.reconcile.book import Draft
from headway.reconcile.documents import lock_file, lock_of, lock_path
from headway.reconcile.jobs import Done, Failed
from headway.reconcile.locking import locked
from headway.reconcile.scene import Scene
from headway.spec.model import Model

__all__ = ["retrain"]


def retrain(scene: Scene, place: Place) -> list[str]:
    """Look whether a retraining is due in the live environment; what was started or held, in a line."""
    model, state = scene.model, scene.memory.book.ledger.model(scene.facts.model)
    if model is None or not model.spec.retrain.when or not scene.facts.may_train or state.lock is None:
        return []
    asked = due(model.spec.retrain, _situation(scene, place))
    if asked.state == "none":
        return []
    if asked.state == "start" and _unchanged(scene, model):
        asked = Due(state="held", cause=asked.cause, why="there are no other data than the last version learnt from")
    return _held(scene, asked) if asked.state == "held" else _start(scene, model, asked)


def _situation(scene: Scene, place: Place) -> Situation:
    facts, state = scene.facts, scene.memory.book.ledger.model(scene.facts.model)
    serving = next((made for made in state.versions if made.served == place.stable), None)
    last = state.retrainings[-1][1] if state.retrainings else 0.0
    return Situation(
        now=scene.now,
        trained=serving.at if serving else scene.now,
        last=last,
        drift=(place.environment, "drift") in state.alerts,
        running=facts.version is None or any(known.candidate for known in facts.places),
        unpromoted=state.unpromoted(place.environment),
        refused=_refused(scene, place),
        hold=facts.hold,
    )


def _refused(scene: Scene, place: Place) -> str:
    """Why main's recipe stands refused or aborted: a retraining of it would come to the same end."""
    facts, state = scene.facts, scene.memory.book.ledger.model(scene.facts.model)
    if facts.version is None or facts.version == place.stable:
        return ""
    refused = next((known.gates_why for known in facts.places if known.gates == "refused"), "")
    tried = state.tries.get((facts.version.bundle, place.environment))
    return refused or (f"{facts.version.version} was {tried.outcome}" if tried and tried.outcome == "aborted" else "")


def _unchanged(scene: Scene, model: Model) -> bool:
    return scene.world.data.current(scene.folder, model.spec.data, lock_of(scene.world.journal, scene.facts.model))


def _held(scene: Scene, asked: Due) -> list[str]:
    """Told once, until the reason changes."""
    name = scene.facts.model
    if scene.memory.book.ledger.model(name).held_retraining == asked.why:
        return []
    seen = Retraining(cause=asked.cause, state="held", why=asked.why)
    line = f"Hold the retraining of {name}"
    scene.memory.book.write([Draft(subject=Subject(model=name), seen=seen)], main=scene.facts.main, subject=line)
    return [f"{line}: {asked.why}"]


def _start(scene: Scene, model: Model, asked: Due) -> list[str]:
    name = scene.facts.model
    job = scene.memory.jobs.ensure(
        f"lock:{name}", lambda: scene.world.data.lock(scene.folder, model.spec.data), scene.now
    )
    if isinstance(job, Failed):
        raise job.error
    if not isinstance(job, Done):
        return []
    drafts = [
        Draft(subject=Subject(model=name), seen=locked(job.value.spec, "retraining")),
        Draft(subject=Subject(model=name), seen=Retraining(cause=asked.cause, state="started", why=asked.why)),
    ]
    line = f"Retrain {name} on new data"
    scene.memory.book.write(drafts, main=scene.facts.main, subject=line, files={lock_path(name): lock_file(job.value)})
    return [f"{line}: {asked.why}"]
