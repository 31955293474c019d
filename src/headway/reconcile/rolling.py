"""Goes on with a rollout: closes its window, has it judged, stores the state, then moves the weight."""

from typing import Literal

from msgspec import structs

from headway.decide.rollout.decision import decide, finish
from headway.decide.rollout.rules import verdict_of
from headway.evidence.record import Released, RolledOut, Subject
from headway.evidence.stage import Rollout
from headway.evidence.window import Window
from headway.plan.action import Roll
from headway.plan.facts import Place
from headway.reconcile.book import Draft
from headway.reconcile.objects import act, running
from headway.reconcile.ports import Observed
from headway.reconcile.releasing import begin, rollout_wish, store, write_release
from headway.reconcile.scene import Effect, Scene
from headway.reconcile.windows import close_window, open_window
from headway.spec.release import Served

__all__ = ["roll"]

# A state that is lost twice cannot be trusted to hold: the candidate goes.
LOST_AT_MOST = 1


def roll(scene: Scene, action: Roll) -> Effect:
    """One look at a rollout.  Promotion is written before it is acted on, a retreat after."""
    place = scene.place(action.environment)
    candidate, stable = place.candidate, place.stable
    if scene.model is None or candidate is None or stable is None:
        return Effect()
    if place.rollout is None:
        return _lost(scene, place, candidate, stable)
    before, observed = place.rollout, scene.observed[action.environment]
    after = decide(
        before,
        scene.model.spec.rollout,
        _window(scene, before, observed),
        ready=any(run.served == candidate and run.ready for run in running(observed)),
        paused=scene.facts.paused,
        now=scene.now,
    )
    store(scene, after)
    if after.state == "aborting":
        act(scene, place.environment, stable, None, None)
        return _end(scene, place, after, stable=stable)
    if after.state == "promoting":
        return _end(scene, place, after, stable=candidate)
    moved = (after.weight, after.state) != (before.weight, before.state)
    if observed.tripped:
        # Only a look at weight zero clears the dead-man switch; the next pass raises the weight again, knowingly.
        act(scene, place.environment, stable, candidate, structs.replace(after, weight=0.0))
    elif moved or place.stale:
        act(scene, place.environment, stable, candidate, after)
    line = f"{place.environment}: {candidate.version} {after.state} at {after.weight:g} %: {after.why}"
    return Effect(line=line if moved else "")


def _window(scene: Scene, rollout: Rollout, observed: Observed) -> Window | None:
    """The window that is full now, if one is; whatever changed meanwhile begins a new one."""
    if scene.model is None:
        return None
    key = (rollout.model, rollout.environment)
    opening = scene.memory.openings.get(key)
    if opening is None or opening.weights != observed.weights or opening.epoch != observed.epoch:
        scene.memory.openings[key] = open_window(observed, scene.now)
        return None
    if scene.now - opening.start < scene.model.spec.rollout.window:
        return None
    scene.memory.openings[key] = open_window(observed, scene.now)
    return close_window(opening, observed, scene.now, control=rollout.over.version, candidate=rollout.candidate.version)


def _end(scene: Scene, place: Place, rollout: Rollout, *, stable: Served) -> Effect:
    """Write how it ended, with every window; a promotion moves the traffic afterwards, by the next pass."""
    scene.memory.openings.pop((rollout.model, rollout.environment), None)
    subject = Subject(
        model=rollout.model,
        version=rollout.candidate.version,
        bundle=rollout.candidate.bundle,
        environment=rollout.environment,
    )
    outcome: Literal["promoted", "aborted"] = "promoted" if stable == rollout.candidate else "aborted"
    verdict = verdict_of(rollout, rollout_wish(scene))
    record = Draft(subject=subject, seen=RolledOut(rollout=finish(rollout), outcome=outcome), verdicts=(verdict,))
    seen = Released(how=outcome, stable=stable, why=rollout.why)
    return Effect(changed=True, line=write_release(scene, place, seen, before=[record]))


def _lost(scene: Scene, place: Place, candidate: Served, stable: Served) -> Effect:
    """The state beside the traffic is gone: weight zero, begin again on the same deadline; the second time, abort."""
    rollout = begin(scene, place, candidate, stable, lost=place.starts)
    if place.starts > LOST_AT_MOST:
        act(scene, place.environment, stable, None, None)
        gone = structs.replace(rollout, state="aborting", why="its state was lost twice")
        return _end(scene, place, gone, stable=stable)
    act(scene, place.environment, stable, candidate, rollout)
    store(scene, rollout)
    seen = Released(
        how="started", stable=stable, candidate=candidate, over=stable, why="its state was lost; it begins again"
    )
    return Effect(changed=True, line=write_release(scene, place, seen))
