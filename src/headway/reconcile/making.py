"""Makes what is new: the lock, the version, the judgement.  Long work runs beside the loop."""

from msgspec import structs

from headway.decide.gates.judge import judge, passed, refusal
from headway.evidence.measurement import Measurement
from headway.evidence.number import Numbered, next_version
from headway.evidence.recipe import test_digest, train_digest, wish_digest
from headway.evidence.record import Judged, Retraining, Subject
from headway.evidence.verdict import Verdict
from headway.plan.action import Assess, Release, Train
from headway.plan.action import Lock as Pin
from headway.plan.facts import Place
from headway.plan.wanted import next_actions
from headway.reconcile.book import Draft
from headway.reconcile.declared import declared
from headway.reconcile.documents import lock_file, lock_of, lock_path, paragraph
from headway.reconcile.jobs import Done, Failed, Running
from headway.reconcile.locking import locked
from headway.reconcile.ports import MeasureJob, TrainJob
from headway.reconcile.releasing import release
from headway.reconcile.scene import Effect, Scene
from headway.spec.lock import Lock
from headway.spec.model import Model
from headway.spec.release import Served
from headway.spec.wish import allowed_classes, effective_gates, required_isolation

__all__ = ["assess", "judged", "lock", "measure_job", "numbered", "train", "train_job"]


def lock(scene: Scene, action: Pin) -> Effect:
    """Pin the data into the store and the lock into the record; a retraining begins with that."""
    model = _model(scene)
    job = scene.memory.jobs.ensure(
        f"lock:{model.metadata.name}", lambda: scene.world.data.lock(scene.folder, model.spec.data), scene.now
    )
    match job:
        case Running():
            return Effect()
        case Failed(error=error):
            raise error
        case Done(value=made):
            seen, subject = locked(made.spec, action.cause), Subject(model=action.model)
            drafts, line = [Draft(subject=subject, seen=seen)], f"Lock the data of {action.model}"
            if action.cause == "retraining":
                started = Retraining(cause=action.asked, state="started", why=action.why)
                drafts, line = [*drafts, Draft(subject=subject, seen=started)], f"Retrain {action.model} on new data"
            files = {lock_path(action.model): lock_file(made)}
            scene.memory.book.write(drafts, main=scene.facts.main, subject=line, files=files)
            rows = f"{seen.train_rows} training and {seen.test_rows} test rows"
            return Effect(changed=True, line=f"{line}: {action.why}; {rows}")


def numbered(scene: Scene) -> list[Numbered]:
    """The versions that have their numbers, as numbering asks for them."""
    return [
        Numbered(version=made.version, signature=made.signature, recipe=made.recipe, train=made.train)
        for made in scene.memory.book.ledger.model(scene.facts.model).versions
    ]


def train_job(scene: Scene, pinned: Lock) -> TrainJob:
    """The training that main asks for on this lock."""
    model, versions, at_train = _model(scene), numbered(scene), train_digest(pinned.spec)
    return TrainJob(
        model=model,
        folder=scene.folder,
        files=declared(scene.world.source, scene.facts.main, scene.folder, model),
        lock=pinned,
        number=lambda signature: next_version(versions, signature, recipe=scene.facts.recipe, train=at_train),
        allow=allowed_classes(scene.wish, model),
        isolation=required_isolation(scene.wish, model),
    )


def train(scene: Scene, action: Train) -> Effect:
    """Train, package and number; the record is written whether it went well or not."""
    pinned = lock_of(scene.world.journal, action.model)
    at_train = train_digest(pinned.spec)
    work = train_job(scene, pinned)
    key = f"train:{action.model}:{action.recipe}:{at_train}"
    job = scene.memory.jobs.ensure(key, lambda: scene.world.trainer.train(work), scene.now)
    match job:
        case Running():
            return Effect()
        case Failed(error=error):
            raise error
        case Done(value=result):
            seen = structs.replace(result.seen, recipe=action.recipe, train=at_train, cause=action.cause)
            went = f"Train {action.model} {result.version}" if result.bundle else f"Training {action.model} failed"
            scene.memory.book.write(
                [Draft(subject=Subject(model=action.model, version=result.version, bundle=result.bundle), seen=seen)],
                main=scene.facts.main,
                subject=went,
            )
            return Effect(changed=True, line=went if result.bundle else f"{went}: {seen.reason}")


def measure_job(scene: Scene, served: Served, over: Served | None, pinned: Lock) -> MeasureJob:
    """Everything that the gates of main ask to be measured of a version, over the live one."""
    model = _model(scene)
    return MeasureJob(
        model=model,
        gates=effective_gates(scene.wish, model),
        bundle=served.bundle,
        lock=pinned,
        live=over.bundle if over else "",
        live_version=over.version if over else "",
        allow=allowed_classes(scene.wish, model),
        isolation=required_isolation(scene.wish, model),
    )


def judged(scene: Scene, work: MeasureJob, measured: Measurement, over: Served | None) -> tuple[Verdict, ...]:
    """The verdicts of the gates on what was measured; each candidate on a test set spends some of its strength."""
    spec = _model(scene).spec
    uses = scene.memory.book.ledger.model(scene.facts.model).uses(test_digest(work.lock.spec), work.bundle)
    return judge(work.gates, spec.task, spec.data, measured, over, uses)


def assess(scene: Scene, action: Assess) -> Effect:
    """Measure and judge; when nothing else stands between, the release that follows is the same commit."""
    pinned = lock_of(scene.world.journal, action.model)
    work = measure_job(scene, action.served, action.over, pinned)
    wish = wish_digest(work.model, work.gates, work.allow)
    key = f"measure:{action.served.bundle}:{work.live}:{wish}:{test_digest(pinned.spec)}"
    job = scene.memory.jobs.ensure(key, lambda: scene.world.assessor.measure(work), scene.now)
    match job:
        case Running():
            return Effect()
        case Failed(error=error):
            raise error
        case Done(value=measured):
            verdicts = judged(scene, work, measured, action.over)
            good = passed(verdicts)
            draft = Draft(
                subject=Subject(
                    model=action.model,
                    version=action.served.version,
                    bundle=action.served.bundle,
                    environment=action.environment,
                ),
                seen=Judged(
                    wish=wish, lock=test_digest(pinned.spec), over=action.over, passed=good, measurement=measured
                ),
                verdicts=verdicts,
            )
            return _conclude(scene, action, draft, good=good)


def _conclude(scene: Scene, action: Assess, draft: Draft, *, good: bool) -> Effect:
    name = f"{action.model} {action.served.version}"
    if good:
        places = tuple(
            _passed(place, action.served) if place.environment == action.environment else place
            for place in scene.facts.places
        )
        following = next_actions(structs.replace(scene.facts, places=places))
        for step in following:
            if isinstance(step, Release) and step.environment == action.environment:
                return release(scene, step, before=[draft])
    went = f"{name} {'passes' if good else 'does not pass'} the gates of {action.environment}"
    why = "" if good else refusal(draft.verdicts)
    scene.memory.book.write([draft], main=scene.facts.main, subject=went, body=paragraph(why))
    return Effect(changed=True, line=f"{went}: {why}" if why else went)


def _passed(place: Place, served: Served) -> Place:
    """The place, knowing that this version passed its gates: the one wanted next, or one beside it."""
    if served not in [arm.served for arm in place.arms]:
        return structs.replace(place, gates="passed")
    arms = (structs.replace(arm, gates="passed") if arm.served == served else arm for arm in place.arms)
    return structs.replace(place, arms=tuple(arms))


def _model(scene: Scene) -> Model:
    if scene.model is None:
        raise LookupError(f"{scene.facts.model} has no usable spec")
    return scene.model
