"""Gathers what is known of one model into facts: from the wish, the record, and what runs."""

from dataclasses import dataclass

import msgspec
from msgspec import structs

from headway.evidence.recipe import declared_files, recipe_digest, wish_digest
from headway.evidence.stage import Rollout
from headway.evidence.state import ModelState
from headway.plan.facts import Facts, Place
from headway.reconcile import known
from headway.reconcile.memory import Memory
from headway.reconcile.objects import stale
from headway.reconcile.releasing import key_of
from headway.reconcile.scene import Scene
from headway.reconcile.world import World
from headway.spec.environment import Environment
from headway.spec.model import Model
from headway.spec.release import Served
from headway.spec.wish import Wish, allowed_classes, effective_gates

__all__ = ["gather", "model_names"]


def model_names(memory: Memory) -> tuple[str, ...]:
    """Models that are wished for, and those that still serve though their file is gone."""
    wish = memory.wish(memory.main)
    serving = (
        name
        for name, state in memory.book.ledger.models.items()
        if any(standing.stable and not standing.retired for standing in state.standing.values())
    )
    return tuple(sorted({*wish.models, *serving}))


@dataclass(frozen=True, kw_only=True)
class _Wanted:
    """What main asks of a model, as digests, and the version that answers it (None: not made yet)."""

    recipe: str = ""
    train: str = ""
    test: str = ""
    gates: str = ""
    version: Served | None = None


def gather(world: World, memory: Memory, name: str) -> Scene:
    """Everything that the next actions of a model are computed from, as of now."""
    wish, state = memory.wish(memory.main), memory.book.ledger.model(name)
    placed = wish.models.get(name)
    model = placed.value if placed else memory.models.get(name)
    if placed:
        memory.models[name] = placed.value
    folder = placed.folder if placed else ""
    environments = [wish.environments[env] for env in wish.project.spec.environments if env in wish.environments]
    observed = {env.metadata.name: world.runtime.observe(name, env.metadata.name) for env in environments}
    wanted = _wanted(world, memory, wish, placed.value, folder, state) if placed else _Wanted()
    live = next((env.metadata.name for env in environments if env.spec.traffic == "live"), "")
    over = state.standing[live].stable if live in state.standing else None
    mine = known.rights(memory.book.ledger, memory.book.signer)
    facts = Facts(
        model=name,
        main=memory.main,
        problem="" if placed else _problem(wish, name),
        strategy=model.spec.rollout.strategy if model else "direct",
        may_train=mine.train,
        recipe=wanted.recipe,
        locked=state.lock is not None,
        version=wanted.version,
        versions=known.served_versions(state),
        failed=state.failures.get((wanted.recipe, wanted.train), ""),
        cause=known.cause(state, wanted.recipe),
        hold=state.hold,
        paused=bool(state.paused),
        places=tuple(
            _place(world, name, state, env, wanted, over=over, decides=env.metadata.name in mine.decide)
            for env in environments
        ),
        pending=known.pending(state, [env.metadata.name for env in environments]),
    )
    scene = Scene(
        world=world,
        memory=memory,
        wish=wish,
        facts=facts,
        model=model,
        folder=folder,
        observed=observed,
        now=world.clock.now(),
    )
    places = tuple(structs.replace(place, stale=stale(scene, place)) for place in facts.places)
    return scene.with_facts(structs.replace(facts, places=places))


def _wanted(world: World, memory: Memory, wish: Wish, model: Model, folder: str, state: ModelState) -> _Wanted:
    paths = {path: f"{folder}/{path}" if folder else path for path in declared_files(model)}
    listed = world.source.files(memory.main)
    present = {path: place for path, place in paths.items() if place in listed}
    key = (memory.main, model.metadata.name)
    if key not in memory.recipes:
        data = world.source.read(memory.main, present.values())
        memory.recipes[key] = recipe_digest(model, {path: data[place] for path, place in present.items()})
    recipe = memory.recipes[key]
    gates = wish_digest(model, effective_gates(wish, model), allowed_classes(wish, model))
    train, test = (state.lock.train, state.lock.test) if state.lock else ("", "")
    made = state.made_of(recipe, train)
    return _Wanted(recipe=recipe, train=train, test=test, gates=gates, version=made.served if made else None)


def _place(  # noqa: PLR0913 - one environment as seen from all sides
    world: World,
    model: str,
    state: ModelState,
    env: Environment,
    wanted: _Wanted,
    *,
    over: Served | None,
    decides: bool,
) -> Place:
    name = env.metadata.name
    standing = state.standing.get(name)
    asked = next(
        (
            r
            for r in state.pending
            if r.asked.action == "promote" and r.environment == name and state.version(r.asked.to)
        ),
        None,
    )
    by_hand = state.version(asked.asked.to) if asked else None
    subject = by_hand.served if by_hand else wanted.version
    judged = known.judgement(state, subject, name, wanted.gates, wanted.test) if subject else None
    gates, why = known.gates(judged, over)
    candidate = standing.candidate if standing else None
    return Place(
        environment=name,
        live=env.spec.traffic == "live",
        approval=env.spec.approval == "required",
        decides=decides,
        stable=standing.stable if standing else None,
        candidate=candidate,
        over=standing.over if standing else None,
        previous=standing.previous if standing else None,
        retired=bool(standing and standing.retired),
        asked=by_hand.served if by_hand else None,
        asked_by=asked.record if asked else "",
        gates=gates,
        gates_why=why,
        approved=bool(subject and (subject.version, name) in state.approved),
        tried=bool(subject and known.tried(state, subject, name)),
        rollout=_rollout(world, model, name, candidate),
        starts=state.tries[(candidate.bundle, name)].starts if candidate else 0,
        started=standing.at if standing else 0.0,
    )


def _rollout(world: World, model: str, environment: str, candidate: Served | None) -> Rollout | None:
    """The state kept beside the traffic, if it speaks of this very candidate."""
    if candidate is None:
        return None
    data = world.runtime.recall(key_of(model, environment))
    if data is None:
        return None
    try:
        kept = msgspec.json.decode(data, type=Rollout)
    except msgspec.DecodeError:
        return None
    return kept if kept.candidate == candidate else None


def _problem(wish: Wish, name: str) -> str:
    """Why a model's spec cannot be used."""
    faults = wish.held.get(name, ())
    if faults:
        return "; ".join(f"{finding.code} {finding.what} ({finding.place})" for finding in faults[:3])
    return "its file is gone from main; `headway retire` ends it"
