"""Changes what serves.  Toward stable: act, then write.  Toward the candidate: write, then act."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Literal

from msgspec import structs

from headway.decide.rollout.decision import finish, give_up
from headway.decide.rollout.forest import forest
from headway.decide.rollout.picture import picture
from headway.decide.rollout.rules import verdict_of
from headway.decide.rollout.table import STRATEGIES
from headway.evidence.record import Released, RolledOut, Subject
from headway.evidence.stage import Rollout
from headway.evidence.state import Try
from headway.evidence.vsa import ReleaseClaim
from headway.evidence.window import Arm, Past
from headway.plan.action import Apply, Release
from headway.plan.facts import Place
from headway.reconcile.book import Draft
from headway.reconcile.documents import paragraph, release_file, release_path, statement_path
from headway.reconcile.keeping import keep
from headway.reconcile.minutes import counted_before
from headway.reconcile.objects import act, replicas
from headway.reconcile.past import spread
from headway.reconcile.ports import PortError, Store
from headway.reconcile.scene import Effect, Scene
from headway.spec.metadata import API_VERSION, Metadata
from headway.spec.model import Model
from headway.spec.release import Release as ReleaseDocument
from headway.spec.release import ReleaseSpec, Served

__all__ = ["apply", "begin", "ended", "release", "write_release"]

Outcome = Literal["promoted", "aborted", "expired", "superseded"]

RETREATS = frozenset({"aborted", "rolled back", "retired"})
WORDS = {
    "direct": "Release {model} {version} to {environment}",
    "started": "Start the rollout of {model} {version} in {environment}",
    "promoted": "Promote {model} {version} in {environment}",
    "aborted": "Abort {model} {version} in {environment}",
    "rolled back": "Roll {model} back to {version} in {environment}",
    "retired": "Retire {model} in {environment}",
}


def release(scene: Scene, action: Release, before: Sequence[Draft] = ()) -> Effect:
    """Carry a release out and write it; `before` are the records that it rests on, in the same commit.

    A candidate whose way ends here loses its traffic first, and leaves its windows in the record.
    """
    place, retreats = scene.place(action.environment), action.how in RETREATS
    leaves = place.rollout if place.candidate and place.candidate != action.candidate else None
    if retreats:
        act(scene, place, action.stable)
    elif leaves:
        act(scene, place, place.stable)
    if action.how == "started" and action.candidate and action.over:
        # Stored first: a candidate that the record names and the runtime does not know was lost, not just begun.
        arms = (action.candidate, *action.also)
        keep(scene.world, scene.memory, begin(scene, place, arms, action.over), beside=leaves)
    drafts = list(before)
    if leaves and scene.model:
        left = leaves if leaves.state == "aborting" else give_up(leaves, action.why)
        drafts.append(ended(scene.world.store, scene.model, left, "aborted" if retreats else "superseded"))
    seen = Released(
        how=action.how,
        stable=action.stable,
        candidate=action.candidate,
        also=action.also,
        over=action.over,
        evidence=(action.answers,) if action.answers else (),
        why=action.why,
    )
    line = write_release(scene, place, seen, before=drafts)
    scene.memory.ahead.pop((scene.facts.model, place.environment), None)
    return Effect(changed=True, line=line)


def begin(scene: Scene, place: Place, arms: Sequence[Served], over: Served, *, lost: int = 0) -> Rollout:
    """A rollout of a candidate, or of several, at its start: no weight; the deadline of a lost one is not moved.

    Of several the one that was begun most often says at which levels all are judged.
    """
    model, observed = _model(scene), scene.observed[place.environment]
    started = place.started if lost else scene.now
    tries = scene.memory.book.ledger.model(scene.facts.model).tries
    known = observed.counts.get(over.version, Arm())
    running = max((work.wanted for work in observed.workloads if work.version == over.version), default=0)
    rollout = Rollout(
        model=scene.facts.model,
        environment=place.environment,
        candidate=arms[0],
        also=tuple(arms[1:]),
        over=over,
        split=STRATEGIES[model.spec.rollout.strategy].SPLIT,
        started=started,
        deadline=started + model.spec.rollout.deadline.after,
        restarts=max(tries.get((arm.bundle, place.environment), Try()).starts for arm in arms),
        lost=lost,
        replicas=max(running, replicas(model, place)),
        before=Past(starts=known.starts, errors=known.errors),
    )
    guardrails = model.spec.rollout.guardrails
    counted = counted_before(scene, place.environment, over.version, guardrails)
    differ = spread(scene, place.environment, guardrails, counted)
    return structs.replace(rollout, before=structs.replace(rollout.before, spread=differ))


def ended(store: Store, model: Model, rollout: Rollout, outcome: Outcome) -> Draft:
    """The record of a rollout that is promoting or aborting: every window, what they say by the rules, a picture."""
    subject = Subject(
        model=rollout.model,
        version=rollout.candidate.version,
        bundle=rollout.candidate.bundle,
        environment=rollout.environment,
    )
    done, drawn = finish(rollout), ""
    if done.windows:
        with suppress(PortError):  # the windows draw it again at any time; a decision waits for no picture
            drawn = store.put((forest if done.experiment else picture)(done, model.spec.rollout))
    seen = RolledOut(rollout=done, outcome=outcome, picture=drawn)
    return Draft(subject=subject, seen=seen, verdicts=(verdict_of(rollout, model.spec.rollout),))


def write_release(scene: Scene, place: Place, seen: Released, before: Sequence[Draft] = ()) -> str:
    """Commit a release with its evidence, its document and its signed statements; the line to show."""
    model, environment = scene.facts.model, place.environment
    # An abort speaks of what was aborted, everything else of what comes.
    spoken = place.candidate if seen.how == "aborted" else seen.candidate or seen.stable or place.stable
    version = spoken.version if spoken else ""
    document = ReleaseDocument(
        apiVersion=API_VERSION,
        metadata=Metadata(name=model),
        spec=ReleaseSpec(
            environment=environment,
            stable=seen.stable,
            candidate=seen.candidate,
            also=seen.also,
            over=seen.over,
            retired=seen.how == "retired",
        ),
    )
    files: dict[str, bytes | None] = {release_path(model, environment): release_file(document)}
    for served in (seen.stable, *seen.coming):
        if served:
            files[statement_path(model, environment, served.version)] = _statement(scene, environment, served)
    subject = Subject(model=model, version=version, bundle=spoken.bundle if spoken else "", environment=environment)
    line = WORDS[seen.how].format(model=model, version=version, environment=environment)
    if place.candidate and seen.candidate and seen.candidate != place.candidate:
        line += f", superseding {place.candidate.version}"
    drafts = [*before, Draft(subject=subject, seen=seen)]
    scene.memory.book.write(drafts, main=scene.facts.main, subject=line, body=paragraph(seen.why), files=files)
    return f"{line}: {seen.why}" if seen.why else line


def apply(scene: Scene, action: Apply) -> Effect:
    """Bring what runs to what the release says."""
    place = scene.place(action.environment)
    act(scene, place, place.stable, place.candidate, place.rollout)
    return Effect()


def _statement(scene: Scene, environment: str, served: Served) -> bytes:
    book = scene.memory.book
    state = book.ledger.model(scene.facts.model)
    judged = [judgement for judgement in state.judged if judgement.served == served and judgement.passed]
    claim = ReleaseClaim(
        model=scene.facts.model,
        version=served.version,
        bundle=served.bundle,
        environment=environment,
        policy=judged[-1].wish if judged else "",
        signer=book.signer,
        at=book.now(),
        evidence=tuple(judgement.record for judgement in judged[-1:]),
    )
    return book.statement(claim)


def _model(scene: Scene) -> Model:
    if scene.model is None:
        raise LookupError(f"{scene.facts.model} has no usable spec")
    return scene.model
