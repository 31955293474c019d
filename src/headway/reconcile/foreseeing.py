"""What a rollout's guardrails can see at today's traffic: measured while stable serves, said before a start."""

from collections.abc import Iterator

import msgspec
from msgspec import Struct

from headway.decide.rollout.reach import findings, forecast
from headway.decide.rollout.table import STRATEGIES
from headway.plan.facts import Place
from headway.reconcile.scene import Scene
from headway.reconcile.windows import open_window, since
from headway.spec.finding import Finding
from headway.spec.finding import Place as Where

__all__ = ["Foreseen", "foresee", "measure"]

# How often the traffic of a place is noted, in seconds.
NOTED_S = 60.0


class Traffic(Struct, frozen=True, kw_only=True):
    """The stable version's requests, and those of them that failed, in so many seconds before `at` (Unix seconds)."""

    at: float
    seconds: float
    starts: int
    errors: int


class Foreseen(Struct, frozen=True, kw_only=True):
    """What each guardrail of a rollout to come can show and how fast, and those that can never decide."""

    model: str
    environment: str
    version: str
    said: tuple[str, ...]
    findings: tuple[Finding, ...] = ()


def measure(scene: Scene, place: Place) -> None:
    """Note the traffic of the last minute beside it, where the next `headway plan` finds it."""
    key, observed = (scene.facts.model, place.environment), scene.observed[place.environment]
    opening = scene.memory.measured.get(key)
    if opening and opening.epoch == observed.epoch and 0.0 <= scene.now - opening.start < NOTED_S:
        return
    scene.memory.measured[key] = open_window(observed, scene.now)
    if opening is None or place.stable is None or opening.epoch != observed.epoch or scene.now < opening.start:
        return
    version = place.stable.version
    arm = since(opening.counts.get(version), observed.counts.get(version))
    seen = Traffic(at=scene.now, seconds=scene.now - opening.start, starts=arm.starts, errors=arm.errors)
    scene.world.runtime.remember(_key(*key), msgspec.json.encode(seen))


def foresee(scene: Scene) -> Iterator[Foreseen]:
    """For each environment that a version is about to enter over another: what its rollout can show."""
    for place in scene.facts.places:
        version = place.asked or scene.facts.version
        comes = place.live and place.stable and version not in {place.stable, place.candidate, None}
        if version and comes and (place.asked or not place.tried):
            said, found = _said(scene, place)
            model, environment = scene.facts.model, place.environment
            yield Foreseen(model=model, environment=environment, version=version.version, said=said, findings=found)


def _said(scene: Scene, place: Place) -> tuple[tuple[str, ...], tuple[Finding, ...]]:
    placed, seen = scene.wish.models.get(scene.facts.model), _traffic(scene, place.environment)
    if placed is None:
        return (), ()
    if seen is None:
        return ("Today's traffic is not known yet; `headway up` measures it within two minutes.",), ()
    wish, rate = placed.value.spec.rollout, seen.errors / seen.starts if seen.starts else 0.0
    reaches = forecast(wish, seen.starts / seen.seconds, rate)
    said = tuple(f"{reach.guardrail}: {reach.said}" for reach in reaches)
    if STRATEGIES[wish.strategy].REST:
        said += (f"{wish.strategy}: {STRATEGIES[wish.strategy].REST}.",)
    return said, findings(wish, reaches, Where(file=placed.file))


def _traffic(scene: Scene, environment: str) -> Traffic | None:
    data = scene.world.runtime.recall(_key(scene.facts.model, environment))
    if data is None:
        return None
    try:
        return msgspec.json.decode(data, type=Traffic)
    except msgspec.DecodeError:
        return None


def _key(model: str, environment: str) -> str:
    return f"traffic/{environment}/{model}"
