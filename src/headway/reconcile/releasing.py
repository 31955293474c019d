"""Changes what serves.  Toward stable: act, then write.  Toward the candidate: write, then act."""

from collections.abc import Sequence

import msgspec

from headway.evidence.record import Released, Subject
from headway.evidence.stage import Rollout
from headway.evidence.state import Try
from headway.evidence.vsa import ReleaseClaim
from headway.plan.action import Apply, Release
from headway.plan.facts import Place
from headway.reconcile.book import Draft
from headway.reconcile.documents import release_file, release_path, statement_path
from headway.reconcile.objects import act
from headway.reconcile.scene import Effect, Scene
from headway.spec.metadata import API_VERSION, Metadata
from headway.spec.release import Release as ReleaseDocument
from headway.spec.release import ReleaseSpec, Served
from headway.spec.rollout import Rollout as RolloutWish

__all__ = ["apply", "begin", "key_of", "release", "rollout_wish", "store", "write_release"]

RETREATS = frozenset({"aborted", "rolled back", "retired"})
WORDS = {
    "direct": "Release {model} {version} to {environment}",
    "started": "Start the rollout of {model} {version} in {environment}",
    "promoted": "Promote {model} {version} in {environment}",
    "aborted": "Abort {model} {version} in {environment}",
    "rolled back": "Roll {model} back to {version} in {environment}",
    "retired": "Retire {model} in {environment}",
}


def key_of(model: str, environment: str) -> str:
    """The name under which a rollout's state is kept beside the traffic."""
    return f"rollout/{environment}/{model}"


def release(scene: Scene, action: Release, before: Sequence[Draft] = ()) -> Effect:
    """Carry a release out and write it; `before` are the records that it rests on, in the same commit."""
    place = scene.place(action.environment)
    if action.how in RETREATS:
        act(scene, action.environment, action.stable, None, None)
    if action.how == "started" and action.candidate and action.over:
        # Stored first: a candidate that the record names and the runtime does not know was lost, not just begun.
        store(scene, begin(scene, place, action.candidate, action.over))
    seen = Released(
        how=action.how,
        stable=action.stable,
        candidate=action.candidate,
        over=action.over,
        evidence=(action.answers,) if action.answers else (),
        why=action.why,
    )
    return Effect(changed=True, line=write_release(scene, place, seen, before=before))


def begin(scene: Scene, place: Place, candidate: Served, over: Served, *, lost: int = 0) -> Rollout:
    """A rollout at its start: no weight; the deadline of a lost one is not moved."""
    wish = rollout_wish(scene)
    started = place.started if lost else scene.now
    return Rollout(
        model=scene.facts.model,
        environment=place.environment,
        candidate=candidate,
        over=over,
        started=started,
        deadline=started + wish.deadline.after,
        restarts=scene.memory.book.ledger.model(scene.facts.model)
        .tries.get((candidate.bundle, place.environment), Try())
        .starts,
        lost=lost,
    )


def rollout_wish(scene: Scene) -> RolloutWish:
    """What main says of the model's rollouts, or its last good word when main's cannot be used."""
    if scene.model is None:
        raise LookupError(f"{scene.facts.model} has no usable spec")
    return scene.model.spec.rollout


def store(scene: Scene, rollout: Rollout) -> None:
    """Keep a rollout's state beside the traffic, durably."""
    scene.world.runtime.remember(key_of(rollout.model, rollout.environment), msgspec.json.encode(rollout))


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
            over=seen.over,
            retired=seen.how == "retired",
        ),
    )
    files: dict[str, bytes | None] = {release_path(model, environment): release_file(document)}
    for served in (seen.stable, seen.candidate):
        if served:
            files[statement_path(model, environment, served.version)] = _statement(scene, environment, served)
    subject = Subject(model=model, version=version, bundle=spoken.bundle if spoken else "", environment=environment)
    line = WORDS[seen.how].format(model=model, version=version, environment=environment)
    drafts = [*before, Draft(subject=subject, seen=seen)]
    scene.memory.book.write(drafts, main=scene.facts.main, subject=line, files=files)
    return f"{line}: {seen.why}" if seen.why else line


def apply(scene: Scene, action: Apply) -> Effect:
    """Bring what runs to what the release says."""
    place = scene.place(action.environment)
    act(scene, action.environment, place.stable, place.candidate, place.rollout)
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
