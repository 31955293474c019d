"""Watches live traffic: cuts the pods' summaries into windows, has drift judged, records alarms, starts retrainings."""

from headway.decide.monitor.confirm import passed_limit
from headway.decide.monitor.drift import judge_drift
from headway.evidence.merging import merged, minus
from headway.evidence.record import Alerted, Subject
from headway.evidence.summary import Summary
from headway.evidence.verdict import Answer, Verdict
from headway.plan.facts import Place
from headway.reconcile.book import Draft
from headway.reconcile.memory import Watched
from headway.reconcile.ports import Observed
from headway.reconcile.retraining import retrain
from headway.reconcile.scene import Scene
from headway.spec.monitor import Drift

__all__ = ["watch"]


def watch(scene: Scene) -> list[str]:
    """Look at every environment where this machine decides; lines about alarms that begin or end."""
    lines: list[str] = []
    for place in scene.facts.places:
        if place.decides and place.live and place.stable and not place.candidate and scene.model:
            drift = scene.model.spec.monitor.drift
            if drift:
                lines += _drift(scene, place, drift)
            lines += retrain(scene, place)
    return lines


def _drift(scene: Scene, place: Place, wish: Drift) -> list[str]:
    verdict = _judged(scene, place, wish)
    if verdict is None or place.stable is None:
        return []
    state = scene.memory.book.ledger.model(scene.facts.model)
    raised = (place.environment, "drift") in state.alerts
    drifted = verdict.answer == Answer.FAIL
    if verdict.answer not in {Answer.FAIL, Answer.PASS} or drifted == raised:
        return []
    subject = Subject(
        model=scene.facts.model,
        version=place.stable.version,
        bundle=place.stable.bundle,
        environment=place.environment,
    )
    line = f"Drift of {scene.facts.model} in {place.environment} {'begins' if drifted else 'ends'}"
    seen = Alerted(monitor="drift", state="raised" if drifted else "cleared")
    scene.memory.book.write(
        [Draft(subject=subject, seen=seen, verdicts=(verdict,))], main=scene.facts.main, subject=line
    )
    return [f"{line}: {verdict.why}"]


def _judged(scene: Scene, place: Place, wish: Drift) -> Verdict | None:
    """The verdict on the window that is full now; None while it fills."""
    key, observed = (scene.facts.model, place.environment), scene.observed[place.environment]
    version = place.stable.version if place.stable else ""
    watched = scene.memory.watched.get(key)
    if watched is None or watched.version != version:
        scene.memory.watched[key] = Watched(start=scene.now, before=_pods(observed, version), version=version)
        return None
    if scene.now - watched.start < wish.window:
        return None
    pods = _pods(observed, version)
    window = merged([minus(summary, watched.before.get(pod)) for pod, summary in pods.items()])
    reference = scene.memory.reference(place.stable.bundle) if place.stable else None
    if window is None or reference is None or window.rows < wish.rows:
        return None
    verdict = judge_drift(reference, window, wish, watched.history)
    history = (*watched.history, passed_limit(verdict))[-2:]
    scene.memory.watched[key] = Watched(start=scene.now, before=pods, version=version, history=history)
    return verdict


def _pods(observed: Observed, version: str) -> dict[str, Summary]:
    return {pod.pod: pod.summary for pod in observed.summaries if pod.version == version}
