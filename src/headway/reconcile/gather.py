"""Gathers what is known of one model into facts: from the wish, the record, and what runs.  Changes nothing."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace

from msgspec import structs

from headway.evidence.recipe import recipe_digest, wish_digest
from headway.evidence.state import ModelState
from headway.plan.facts import Arm, Facts, Place
from headway.reconcile import known
from headway.reconcile.declared import declared
from headway.reconcile.keeping import kept
from headway.reconcile.memory import Memory
from headway.reconcile.objects import stale
from headway.reconcile.ports import Observed, PortError
from headway.reconcile.retraining import retrained
from headway.reconcile.scene import Scene
from headway.reconcile.world import World
from headway.spec.environment import Environment
from headway.spec.freeze import frozen
from headway.spec.load import Placed
from headway.spec.model import Model
from headway.spec.release import Served
from headway.spec.rollout import Rollout as RolloutWish
from headway.spec.wish import Wish, allowed_classes, effective_gates

__all__ = ["gather", "model_names"]

# Older commits of main that are looked through for a spec that was usable.
MOST_OLDER = 5


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
    """What main asks of a model, as digests, and the version that answers it (None: not made yet).

    `rights` are those of this machine; `over` is the live version; `rollout` is how a candidate goes its way.
    """

    recipe: str = ""
    train: str = ""
    test: str = ""
    gates: str = ""
    version: Served | None = None
    over: Served | None = None
    decides: tuple[str, ...] = ()
    rollout: RolloutWish = field(default_factory=RolloutWish)


def gather(world: World, memory: Memory, name: str) -> Scene:
    """Everything that the next actions of a model are computed from, as of now."""
    wish, state = memory.wish(memory.main), memory.book.ledger.model(name)
    placed = wish.models.get(name)
    good = placed or _older(memory, state, name)
    environments = [wish.environments[env] for env in wish.project.spec.environments if env in wish.environments]
    observed = {env.metadata.name: world.runtime.observe(name, env.metadata.name) for env in environments}
    mine = known.rights(memory.book.ledger, memory.book.signer)
    live = next((env.metadata.name for env in environments if env.spec.traffic == "live"), "")
    wanted = _Wanted(
        over=state.standing[live].stable if live in state.standing else None,
        decides=mine.decide,
        rollout=good.value.spec.rollout if good else RolloutWish(),
    )
    if placed:
        wanted = _asked_by_main(world, memory, wish, placed, wanted)
    facts = Facts(
        model=name,
        main=memory.main,
        problem="" if placed else _problem(wish, name),
        strategy=wanted.rollout.strategy,
        may_train=mine.train,
        recipe=wanted.recipe,
        locked=state.lock is not None,
        version=wanted.version,
        failed=state.failures.get((wanted.recipe, wanted.train), ""),
        cause=known.cause(state, wanted.recipe),
        hold=state.hold,
        frozen=frozen(wanted.rollout.freeze, world.clock.now()),
        places=tuple(_place(world, memory, name, env, observed[env.metadata.name], wanted) for env in environments),
        pending=known.pending(state, [env.metadata.name for env in environments]),
    )
    scene = Scene(
        world=world,
        memory=memory,
        wish=wish,
        facts=facts,
        model=good.value if good else None,
        folder=placed.folder if placed else "",
        observed=observed,
        now=world.clock.now(),
    )
    places = tuple(structs.replace(place, stale=stale(scene, place)) for place in facts.places)
    return scene.with_facts(structs.replace(facts, places=places, retraining=retrained(scene)))


def _older(memory: Memory, state: ModelState, name: str) -> Placed[Model] | None:
    """The last spec that was usable, by the commits that the record speaks of; None when none can be read here."""
    for commit in known.mains(state)[:MOST_OLDER]:
        with suppress(PortError):  # beyond the edge of a shallow clone
            found = memory.model_at(commit, name)
            if found:
                return found
    return None


def _asked_by_main(world: World, memory: Memory, wish: Wish, placed: Placed[Model], wanted: _Wanted) -> _Wanted:
    model, state = placed.value, memory.book.ledger.model(placed.value.metadata.name)
    key = (memory.main, model.metadata.name)
    if key not in memory.recipes:
        memory.recipes[key] = recipe_digest(model, declared(world.source, memory.main, placed.folder, model))
    recipe = memory.recipes[key]
    train, test = (state.lock.train, state.lock.test) if state.lock else ("", "")
    made = state.made_of(recipe, train)
    gates = wish_digest(model, effective_gates(wish, model), allowed_classes(wish, model))
    version = made.served if made else None
    return replace(wanted, recipe=recipe, train=train, test=test, gates=gates, version=version)


def _place(world: World, memory: Memory, model: str, env: Environment, observed: Observed, wanted: _Wanted) -> Place:
    name, state, now = env.metadata.name, memory.book.ledger.model(model), world.clock.now()
    standing = state.standing.get(name)
    asked = known.asked(state, name)
    by_hand = state.version(asked.asked.to) if asked else None
    subject = by_hand.served if by_hand else wanted.version
    judged = known.judgement(state, subject, name, wanted.gates, wanted.test) if subject else None
    gates, why = known.gates(judged, wanted.over)
    place = Place(
        environment=name,
        live=env.spec.traffic == "live",
        approval=env.spec.approval == "required",
        decides=name in wanted.decides,
        known=known.were_stable(state, name),
        asked=by_hand.served if by_hand else None,
        asked_by=asked.record if asked else "",
        gates=gates,
        gates_why=why,
        approved=bool(subject and (subject.version, name) in state.approved),
        tried=bool(subject and known.tried(state, subject, name)),
        arms=tuple(_arms(state, name, wanted, subject)) if subject and env.spec.traffic == "live" else (),
        paused=not state.paused.isdisjoint({name, ""}),
    )
    if standing is None:
        return place
    place = structs.replace(
        place,
        stable=standing.stable,
        candidate=standing.candidate,
        also=standing.also,
        over=standing.over,
        previous=standing.previous,
        retired=standing.retired,
        kept=known.kept(standing, wanted.rollout.keep, now) if place.live else None,
        floor=known.floor(state, standing, name, wanted.rollout.keep, now),
    )
    if standing.candidate is None:
        return place
    rollout = kept(world, memory, model, name, standing.candidate)
    running = max((work.wanted for work in observed.workloads if work.version == _version(standing.stable)), default=0)
    tries = state.tries[standing.candidate.bundle, name]
    return structs.replace(
        place,
        rollout=rollout,
        approved_at={bundle: dict(given) for (bundle, where), given in state.approved_at.items() if where == name},
        floor=max(place.floor, rollout.replicas if rollout else running),
        starts=tries.starts,
        lost=tries.lost,
        started=tries.started,
    )


def _arms(state: ModelState, environment: str, wanted: _Wanted, subject: Served) -> Iterator[Arm]:
    """What is known of the versions that main wants beside the newest in an experiment; the newest is one anyway."""
    ab = wanted.rollout.ab if wanted.rollout.strategy == "ab" else None
    for version in ab.also if ab else ():
        made = state.version(version)
        served = made.served if made else None
        if served == subject:
            continue
        judged = known.judgement(state, served, environment, wanted.gates, wanted.test) if served else None
        gates, why = known.gates(judged, wanted.over)
        yield Arm(
            version=version,
            served=served,
            fault=known.unfit(state, served, environment),
            gates=gates,
            gates_why=why,
            approved=(version, environment) in state.approved,
        )


def _version(served: Served | None) -> str:
    return served.version if served else ""


def _problem(wish: Wish, name: str) -> str:
    """Why a model's spec cannot be used."""
    faults = wish.held.get(name, ())
    if faults:
        return "; ".join(f"{finding.code} {finding.what} ({finding.place})" for finding in faults[:3])
    return "its file is gone from main; `headway retire` ends it"
