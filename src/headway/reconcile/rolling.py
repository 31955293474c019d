"""Goes on with a rollout: closes its window, has it judged, stores the state, then moves the weight."""

from typing import Literal

from msgspec import structs

from headway.decide.rollout.decision import decide
from headway.evidence.record import Released
from headway.evidence.stage import Rollout
from headway.evidence.weights import share_in_words
from headway.evidence.window import Window
from headway.plan.action import Roll
from headway.plan.facts import Place
from headway.reconcile.keeping import keep, note
from headway.reconcile.objects import act, beside, ready
from headway.reconcile.ports import Observed, PortError
from headway.reconcile.releasing import begin, ended, write_release
from headway.reconcile.samples import asked, seen, speaks
from headway.reconcile.scene import Effect, Scene
from headway.reconcile.windows import close_window, jumped, open_window, warmed
from headway.spec.guardrail import parks, title
from headway.spec.model import Model
from headway.spec.release import Served

__all__ = ["roll"]

# A state that is lost twice cannot be trusted to hold: the candidate goes.
LOST_AT_MOST = 1


def roll(scene: Scene, action: Roll) -> Effect:
    """One look at a rollout.  Promotion is written before it is acted on, a retreat after."""
    place, model = scene.place(action.environment), scene.model
    candidate, stable = place.candidate, place.stable
    if model is None or candidate is None or stable is None:
        return Effect()
    if place.rollout is None:
        return _lost(scene, model, place, stable, candidate)
    before, observed = place.rollout, scene.observed[action.environment]
    after = decide(
        before,
        model.spec.rollout,
        _window(scene, model, before, observed),
        ready=ready(
            observed, [arm for arm in beside(model, place, before) if arm.served.version not in before.dropped]
        ),
        paused=place.paused,
        doubt=_silence(scene, model, before, observed),
        approved=place.approved_at,
        now=scene.now,
    )
    if after.state == "aborting":
        return _retreat(scene, model, place, after)
    if after.state == "promoting":
        return _written(scene, model, place, after, stable=after.heir)
    fault = ""
    if after.weight > before.weight:
        keep(scene.world, scene.memory, after)
    elif after != before or (after.model, after.environment) in scene.memory.ahead:
        fault = note(scene.world, scene.memory, after)
    effect = _moved(scene, place, before, after)
    if fault:
        raise PortError(fault)
    return effect


def _moved(scene: Scene, place: Place, before: Rollout, after: Rollout) -> Effect:
    """Bring the weight to what was stored."""
    moved = (after.weight, after.state, after.dropped) != (before.weight, before.state, before.dropped)
    if scene.observed[place.environment].tripped:
        # Only a look at weight zero clears the dead-man switch; the next pass raises the weight again, knowingly.
        act(scene, place, place.stable, place.candidate, structs.replace(after, weight=0.0))
    elif moved or place.stale:
        act(scene, place, place.stable, place.candidate, after)
    share = share_in_words(after.weight, after.split)
    line = f"{place.environment}: {after.candidate.version} {after.state} at {share}: {after.why}"
    return Effect(line=line if moved else "")


def _window(scene: Scene, model: Model, rollout: Rollout, observed: Observed) -> Window | None:
    """The window that is full now, if one is; whatever changed meanwhile begins a new one."""
    key, length = (rollout.model, rollout.environment), model.spec.rollout.window
    opening = scene.memory.openings.get(key)
    broken = (
        opening is None
        or (opening.weights, opening.epoch) != (observed.weights, observed.epoch)
        or jumped(opening, scene.now, length)
    )
    full = opening is not None and scene.now - opening.start >= length
    if opening and not broken and not (full or (opening.cold and warmed(opening, observed, rollout))):
        return None
    after = asked(scene, rollout, open_window(observed, scene.now, cold=broken), None if broken else opening)
    scene.memory.openings[key] = after
    if opening is None or broken or opening.cold:
        return None
    window = close_window(opening, observed, scene.now, rollout)
    return window and seen(model.spec.rollout, opening, after, window, rollout)


def _silence(scene: Scene, model: Model, rollout: Rollout, observed: Observed) -> str:
    """Why something cannot be known of live requests, once that has lasted for more than a window; empty when all can.

    A guardrail whose source may be silent for a while, by the wish, is not asked.
    """
    told = bool(observed.counts) or not (observed.weights or observed.unseen)  # without a route nobody counts
    key = (rollout.model, rollout.environment)
    silent = _silent_for(scene, model, key, told=told)
    if silent:
        return observed.unseen or f"who counts the requests has been silent for {silent:.0f} s"
    opening = scene.memory.openings.get(key)
    for guardrail in filter(parks, model.spec.rollout.guardrails):
        told = speaks(guardrail, observed, rollout, opening)
        silent = _silent_for(scene, model, (*key, title(guardrail)), told=told)
        if silent:
            return f"the source of the guardrail {title(guardrail)} has been silent for {silent:.0f} s"
    return ""


def _silent_for(scene: Scene, model: Model, key: tuple[str, ...], *, told: bool) -> float:
    """Seconds since something was told, once that is more than a window; else 0."""
    heard = scene.now if told else min(scene.now, scene.memory.heard.get(key, scene.now))
    scene.memory.heard[key] = heard
    silent = scene.now - heard
    return silent if silent > max(model.spec.rollout.window, 4.0 * scene.world.look_s) else 0.0


def _retreat(scene: Scene, model: Model, place: Place, rollout: Rollout) -> Effect:
    """Stable answers everything before anything is stored or written, for neither may stand in its way."""
    if rollout.state != (place.rollout and place.rollout.state) or place.stale:
        scene.memory.ahead[rollout.model, rollout.environment] = rollout
        act(scene, place, place.stable)
    note(scene.world, scene.memory, rollout)
    return _written(scene, model, place, rollout, stable=place.stable)


def _written(scene: Scene, model: Model, place: Place, rollout: Rollout, *, stable: Served | None) -> Effect:
    """Write how it ended, with every window; a promotion moves the traffic afterwards, by the next pass."""
    how: Literal["promoted", "aborted"] = "promoted" if rollout.state == "promoting" else "aborted"
    # A promotion rests on the approvals of its steps, too.
    steps = model.spec.rollout.approve_at if how == "promoted" else ()
    approved = place.approved_at.get(rollout.heir.bundle, {})
    given = tuple(approved[weight] for weight in steps if weight in approved)
    seen = Released(how=how, stable=stable, evidence=given, why=rollout.why)
    outcome = "expired" if rollout.expired else how
    line = write_release(scene, place, seen, before=[ended(scene.world.store, model, rollout, outcome)])
    key = (rollout.model, rollout.environment)
    scene.memory.openings.pop(key, None)
    for heard in [heard for heard in scene.memory.heard if heard[:2] == key]:
        del scene.memory.heard[heard]
    scene.memory.ahead.pop(key, None)
    return Effect(changed=True, line=line)


def _lost(scene: Scene, model: Model, place: Place, stable: Served, candidate: Served) -> Effect:
    """The state beside the traffic is gone: weight zero, begin again on the same deadline; the second time, abort."""
    rollout = begin(scene, place, (candidate, *place.also), stable, lost=place.lost + 1)
    if place.lost >= LOST_AT_MOST:
        gone = structs.replace(rollout, state="aborting", why="its state was lost twice, so the test cannot go on")
        return _retreat(scene, model, place, gone)
    act(scene, place, stable, candidate, rollout)
    keep(scene.world, scene.memory, rollout)
    seen = Released(
        how="started",
        stable=stable,
        candidate=candidate,
        also=place.also,
        over=stable,
        why="its state was lost; it begins again",
    )
    return Effect(changed=True, line=write_release(scene, place, seen))
