"""Looks whether a retraining is due, and writes down why one that is due does not start.  Starts none."""

from headway.decide.retrain import Situation, due
from headway.evidence.record import Retraining, Subject
from headway.evidence.state import ModelState
from headway.plan.action import NotAgain
from headway.plan.facts import Facts, Place, Retrained
from headway.reconcile.book import Draft
from headway.reconcile.documents import lock_of
from headway.reconcile.ports import PortError
from headway.reconcile.scene import Effect, Scene
from headway.spec.model import Model

__all__ = ["not_again", "retrained"]

# How long the files on disk are taken for what they were when they were compared with the lock, in seconds.
COMPARED_S = 10.0


def retrained(scene: Scene) -> Retrained:
    """Is a retraining due, for the version that live traffic meets?  One that is held is told by its reason."""
    facts, model, state = scene.facts, scene.model, scene.memory.book.ledger.model(scene.facts.model)
    place = next((known for known in facts.places if known.live), None)
    if model is None or facts.problem or not model.spec.retrain.when or not facts.may_train:
        return Retrained()
    if place is None or place.stable is None or place.retired or state.lock is None:
        return Retrained()
    asked = due(model.spec.retrain, _situation(facts, state, place, scene.now))
    why = _same(scene, model) if asked.state == "start" else asked.why if asked.state == "held" else ""
    if why:
        return Retrained(state="held", cause=asked.cause, why=why, told=state.held_retraining == why)
    return Retrained(state=asked.state, cause=asked.cause, why=asked.why)


def _situation(facts: Facts, state: ModelState, place: Place, now: float) -> Situation:
    serving = next((made for made in state.versions if made.served == place.stable), None)
    refused = _refused(facts, state, place)
    return Situation(
        now=now,
        trained=serving.at if serving else now,
        last=state.retrainings[-1][1] if state.retrainings else 0.0,
        drift=(place.environment, "drift") in state.alerts,
        running=_running(facts, place, refused),
        unpromoted=state.unpromoted(place.environment),
        refused=refused,
        hold=facts.hold,
    )


def _running(facts: Facts, place: Place, refused: str) -> bool:
    """Is a version still on its way: being trained, judged, approved, rolled out?"""
    if any(known.candidate for known in facts.places):
        return True
    if refused or facts.hold:
        return False
    return facts.version is None or (facts.version != place.stable and not place.tried)


def _refused(facts: Facts, state: ModelState, place: Place) -> str:
    """Why main's recipe stands refused or aborted: a retraining of it would come to the same end."""
    if facts.version is None:
        return f"training failed: {facts.failed}" if facts.failed else ""
    if facts.version == place.stable:
        return ""
    refused = next((known.gates_why for known in facts.places if known.gates in {"refused", "undecided"}), "")
    tried = state.tries.get((facts.version.bundle, place.environment))
    ended = tried.outcome if tried else ""
    return refused or (f"{facts.version.version} was {ended}" if ended in {"aborted", "expired"} else "")


def _same(scene: Scene, model: Model) -> str:
    """Why there is nothing new to learn from; empty when there is.  Looked at now and then, not at every pass."""
    name, state = scene.facts.model, scene.memory.book.ledger.model(scene.facts.model)
    pinned = state.lock.lock if state.lock else ""
    known, at, why = scene.memory.compared.get(name, ("", 0.0, ""))
    if known == pinned and 0.0 <= scene.now - at < COMPARED_S:
        return why
    try:
        current = scene.world.data.current(scene.folder, model.spec.data, lock_of(scene.world.journal, name))
        why = "there are no other data than the last version learnt from" if current else ""
    except PortError as error:
        why = str(error)
    scene.memory.compared[name] = (pinned, scene.now, why)
    return why


def not_again(scene: Scene, action: NotAgain) -> Effect:
    """Told once, until the reason changes."""
    seen = Retraining(cause=action.asked, state="held", why=action.why)
    line = f"Hold the retraining of {action.model}"
    scene.memory.book.write(
        [Draft(subject=Subject(model=action.model), seen=seen)], main=scene.facts.main, subject=line
    )
    return Effect(changed=True, line=f"{line}: {action.why}")
