"""Reviews one model: trains it or finds it made, measures it beside the live version, judges, and looks ahead."""

from collections.abc import Sequence

from msgspec import Struct, structs

from headway.app.review.changes import signature_changes
from headway.app.review.merging import after_merge
from headway.app.review.view import Latency, ModelReview, Score, Subject
from headway.decide.gates.judge import passed, refusal
from headway.evidence.bundle import Signature
from headway.evidence.measurement import Measurement
from headway.evidence.number import Next, following
from headway.evidence.recipe import train_digest
from headway.evidence.record import StepRun
from headway.evidence.verdict import Verdict
from headway.reconcile.documents import lock_of
from headway.reconcile.making import judged, measure_job, numbered, train_job
from headway.reconcile.ports import PortError
from headway.reconcile.scene import Scene
from headway.spec.lock import Lock
from headway.spec.release import Served

__all__ = ["review_model"]


class _Made(Struct, frozen=True, kw_only=True):
    """The version under review; `served` is None when training failed."""

    served: Served | None
    reason: str = ""
    number: Next | None = None
    steps: tuple[StepRun, ...] = ()
    runtime: str = ""
    runtime_reason: str = ""
    reported: dict[str, float] = {}


def review_model(scene: Scene, compared: ModelReview) -> ModelReview:
    """The whole review of a model; `compared` holds what differs in its texts.  PortError when the world refuses."""
    pinned, notes = _pinned(scene)
    made = _made(scene, pinned)
    found = structs.replace(compared, data=_data(pinned, scene, compared), notes=tuple(notes))
    if made.served is None:
        found = structs.replace(found, outcome="failed", reason=made.reason)
        return structs.replace(found, subject=_subject(made, None))
    over = next((place.stable for place in scene.facts.places if place.live), None)
    over = None if over == made.served else over
    return _measured(scene, pinned, made, over, found)


def _measured(scene: Scene, pinned: Lock, made: _Made, over: Served | None, found: ModelReview) -> ModelReview:
    served = made.served
    if served is None or scene.model is None:
        return found
    there = over if over and scene.world.store.has(over.bundle) else None
    notes = list(found.notes)
    if over and there is None:
        notes.append(f"the bytes of the live {over.version} are not in the store here, so nothing is compared with it")
    job = measure_job(scene, served, there, pinned)
    new = scene.world.assessor.measure(job)
    live = scene.world.assessor.measure(measure_job(scene, there, None, pinned)) if there else None
    verdicts = judged(scene, job, new, over)
    refused = "" if passed(verdicts) else refusal(verdicts)
    spec = scene.model.spec
    return structs.replace(
        found,
        outcome="refused" if refused else "passes",
        subject=_subject(made, over),
        scores=_scores(new, live, verdicts),
        latency=_latency(new, live),
        signature=_signature(new.signature, new.live_signature),
        verdicts=verdicts,
        merge=tuple(after_merge(scene.facts, served, refused, spec.rollout)),
        notes=tuple(notes),
    )


def _pinned(scene: Scene) -> tuple[Lock, list[str]]:
    """The lock in force with its bytes, else one of the data as they lie here; and what is to be said of that."""
    world, model = scene.world, scene.model
    if model is None:
        raise PortError(f"{scene.facts.model} has no usable spec. `headway check` says more.")
    if not scene.facts.locked:
        note = "no lock is in force yet: the data on this disk were used, as the first pass of `headway up` pins them"
        return world.data.lock(scene.folder, model.spec.data), [note]
    pinned = lock_of(world.journal, scene.facts.model)
    if all(world.store.has(file.sha256) for file in (*pinned.spec.train, *pinned.spec.test)):
        return pinned, []
    here = world.data.lock(scene.folder, model.spec.data)
    if here.spec != pinned.spec:
        raise PortError(
            "The data that the lock pins are not in the store here, and those on this disk are others. "
            "Bring the store, or the data as they were locked."
        )
    return pinned, []


def _made(scene: Scene, pinned: Lock) -> _Made:
    """The version that main would have: made already, or trained through the same steps and cache."""
    known = scene.facts.version
    at_train = train_digest(pinned.spec)
    if known and scene.world.store.has(known.bundle):
        why = "no new version: the same recipe on the same data"
        return _Made(served=known, number=Next(version=known.version, why=why))
    result = scene.world.trainer.train(train_job(scene, pinned))
    seen = result.seen
    number = None
    if seen.signature:
        number = following(numbered(scene), seen.signature, recipe=scene.facts.recipe, train=at_train)
    return _Made(
        served=Served(version=result.version, bundle=result.bundle) if result.bundle else None,
        reason=f"training failed: {seen.reason}" if not result.bundle else "",
        number=number,
        steps=seen.steps,
        runtime=seen.runtime,
        runtime_reason=seen.runtime_reason,
        reported=dict(seen.reported),
    )


def _subject(made: _Made, over: Served | None) -> Subject:
    return Subject(
        version=made.served.version if made.served else "",
        why=made.number.why if made.number else "",
        live=over.version if over else "",
        bundle=made.served.bundle if made.served else "",
        runtime=made.runtime,
        runtime_reason=made.runtime_reason,
        steps=made.steps,
        reported=made.reported,
    )


def _data(pinned: Lock, scene: Scene, compared: ModelReview) -> str:
    """On which rows all this was made and judged."""
    train, test = (sum(file.rows or 0 for file in part) for part in (pinned.spec.train, pinned.spec.test))
    rows = f"{train:,} training and {test:,} test rows"
    moved = any(change.field.partition(".")[0] == "data" for change in compared.changes)
    if scene.facts.locked and moved:
        return f"{rows}, as locked; another data section takes force with `headway data update {compared.model}`"
    return f"{rows}, as locked" if scene.facts.locked else rows


def _scores(new: Measurement, live: Measurement | None, verdicts: Sequence[Verdict]) -> tuple[Score, ...]:
    others = {metric.name: metric for metric in live.metrics} if live else {}
    gains = {
        verdict.inputs["metric"]: (verdict.numbers["gain"], verdict.numbers["low"], verdict.numbers["high"])
        for verdict in verdicts
        if "gain" in verdict.numbers and "metric" in verdict.inputs and "low" in verdict.numbers
    }
    found = []
    for metric in new.metrics:
        other = others.get(metric.name)
        score = Score(
            metric=metric.name,
            rows=metric.rows,
            new=(metric.point, metric.low, metric.high),
            live=(other.point, other.low, other.high) if other else None,
            gain=gains.get(metric.name),
        )
        found.append(score)
    return tuple(found)


def _latency(new: Measurement, live: Measurement | None) -> tuple[Latency, ...]:
    others = {facts.offered: facts.quantiles for facts in live.latency} if live else {}
    return tuple(
        Latency(load=facts.offered, new=facts.quantiles, live=others.get(facts.offered, {})) for facts in new.latency
    )


def _signature(new: Signature | None, live: Signature | None) -> tuple[str, ...]:
    return tuple(signature_changes(live, new)) if new and live else ()
