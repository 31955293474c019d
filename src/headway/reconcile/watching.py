"""Watches live traffic: cuts what is seen into windows, has them judged, records alarms that begin or end."""

from collections.abc import Sequence
from functools import partial
from typing import Literal, Protocol

from headway.decide.monitor.confirm import OF, passed_limit
from headway.decide.monitor.drift import judge_drift
from headway.decide.monitor.limits import LEAST_REQUESTS, judge_errors, judge_latency
from headway.evidence.merging import merged, minus
from headway.evidence.record import Alerted, Subject
from headway.evidence.summary import Summary
from headway.evidence.verdict import Answer, Verdict
from headway.evidence.window import Arm
from headway.plan.facts import Place
from headway.reconcile.book import Draft
from headway.reconcile.foreseeing import measure
from headway.reconcile.memory import Limited, Watched
from headway.reconcile.ports import Observed
from headway.reconcile.scene import Scene
from headway.reconcile.windows import open_window, since
from headway.spec.monitor import Drift, Monitor

__all__ = ["watch"]

Kind = Literal["drift", "latency", "errors"]

TITLES: dict[Kind, str] = {"drift": "Drift", "latency": "Latency beyond the limit", "errors": "Errors beyond the limit"}
# An alarm about a limit lasts for so many windows at least, so that a rate that goes to and fro around its limit does
# not flood the record: with windows of a minute, at most four commits an hour.
LEAST_ON = 30


class Judge(Protocol):
    """Judges one window of a limit by the windows before it."""

    def __call__(self, arm: Arm, *, history: Sequence[bool]) -> Verdict:
        """Fail, pass or undecided, over several windows."""


def watch(scene: Scene) -> list[str]:
    """Look at every environment where this machine decides; lines about alarms that begin or end."""
    lines: list[str] = []
    model = scene.model
    for place in scene.facts.places:
        if model is None or not (place.decides and place.live and place.stable):
            continue
        if model.spec.monitor.drift and not place.candidate:
            lines += _drift(scene, place, model.spec.monitor.drift)
        judges = _judges(model.spec.monitor, scene.observed[place.environment].edges_ms)
        for kind, judge in judges.items():
            lines += _limit(scene, place, model.spec.rollout.window, kind, judge)
        if not place.candidate:
            measure(scene, place)
    return lines


def _alarm(scene: Scene, place: Place, kind: Kind, verdict: Verdict, *, known: bool = True) -> list[str]:
    """Record that an alarm begins, or that it ends where enough is `known`; undecided does neither."""
    name, served = scene.facts.model, place.stable
    raised = (place.environment, kind) in scene.memory.book.ledger.model(name).alerts
    bad = verdict.answer == Answer.FAIL
    if served is None or bad == raised or not (bad or (known and verdict.answer == Answer.PASS)):
        return []
    subject = Subject(model=name, version=served.version, bundle=served.bundle, environment=place.environment)
    line = f"{TITLES[kind]} of {name} in {place.environment} {'begins' if bad else 'ends'}"
    seen = Alerted(monitor=kind, state="raised" if bad else "cleared")
    draft = Draft(subject=subject, seen=seen, verdicts=(verdict,))
    scene.memory.book.write([draft], main=scene.facts.main, subject=line)
    return [f"{line}: {verdict.why}"]


def _drift(scene: Scene, place: Place, wish: Drift) -> list[str]:
    """Judge the drift window that is full now; one without enough rows goes on filling."""
    key, observed = (scene.facts.model, place.environment), scene.observed[place.environment]
    version = place.stable.version if place.stable else ""
    watched = scene.memory.watched.get(key)
    if watched is None or watched.version != version or scene.now < watched.start:
        scene.memory.watched[key] = Watched(start=scene.now, before=_pods(observed, version), version=version)
        return []
    if scene.now - watched.start < wish.window:
        return []
    pods = _pods(observed, version)
    window = merged([minus(summary, watched.before.get(pod)) for pod, summary in pods.items()])
    reference = scene.memory.reference(place.stable.bundle) if place.stable else None
    if window is None or reference is None or window.rows < wish.rows:
        return []
    verdict = judge_drift(reference, window, wish, watched.history)
    lines = _alarm(scene, place, "drift", verdict, known=len(watched.history) >= OF - 1)
    history = (*watched.history, passed_limit(verdict))[-(OF - 1) :]
    # One that does not answer now goes on from where it was heard last.
    before = {**watched.before, **pods}
    scene.memory.watched[key] = Watched(start=scene.now, before=before, version=version, history=history)
    return lines


def _pods(observed: Observed, version: str) -> dict[str, Summary]:
    return {pod.pod: pod.summary for pod in observed.summaries if pod.version == version}


def _judges(wish: Monitor, edges_ms: Sequence[float]) -> dict[Kind, Judge]:
    """A judge for each limit that the spec sets."""
    found: dict[Kind, Judge] = {}
    if wish.errors:
        found["errors"] = partial(judge_errors, limit=wish.errors)
    if wish.latency:
        found["latency"] = partial(judge_latency, edges_ms=edges_ms, limit=wish.latency)
    return found


def _limit(scene: Scene, place: Place, window_s: float, kind: Kind, judge: Judge) -> list[str]:
    """Judge the window of a limit that is full now.

    It goes on filling until enough requests are in it, so silence is neither good nor bad news.
    """
    key = (scene.facts.model, place.environment, kind)
    observed, version = scene.observed[place.environment], place.stable.version if place.stable else ""
    limited = scene.memory.limited.get(key)
    if limited is None or limited.version != version:
        scene.memory.limited[key] = Limited(opening=open_window(observed, scene.now), version=version)
        return []
    opening = limited.opening
    if scene.now < opening.start or opening.epoch != observed.epoch or not (opening.counts and observed.counts):
        limited.opening = open_window(observed, scene.now)
        return []
    arm = since(opening.counts.get(version), observed.counts.get(version))
    if scene.now - opening.start < window_s or arm.starts < LEAST_REQUESTS:
        return []
    verdict = judge(arm, history=limited.history)
    alert = scene.memory.book.ledger.model(scene.facts.model).alerts.get((place.environment, kind))
    young = alert is not None and scene.now - alert.at < LEAST_ON * window_s
    lines = _alarm(scene, place, kind, verdict, known=len(limited.history) >= OF - 1 and not young)
    limited.history = (*limited.history, passed_limit(verdict))[-(OF - 1) :]
    limited.opening = open_window(observed, scene.now)
    return lines
