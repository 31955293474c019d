"""One model in one pass: the world, what is remembered, the wish, the facts, and what runs."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from msgspec import Struct

from headway.plan.facts import Facts, Place
from headway.reconcile.memory import Memory
from headway.reconcile.ports import Observed
from headway.reconcile.world import World
from headway.spec.model import Model
from headway.spec.wish import Wish

__all__ = ["Effect", "Scene"]


class Effect(Struct, frozen=True, kw_only=True):
    """What came of an action: `changed` when the world or the record moved, and a line about it."""

    changed: bool = False
    line: str = ""


@dataclass(frozen=True, kw_only=True)
class Scene:
    """`model` is None when its spec is broken or gone; what serves then goes on from the last good one."""

    world: World
    memory: Memory
    wish: Wish
    facts: Facts
    model: Model | None
    folder: str
    observed: Mapping[str, Observed]
    now: float

    def with_facts(self, facts: Facts) -> "Scene":
        """The same scene with other facts."""
        return replace(self, facts=facts)

    def place(self, environment: str) -> Place:
        """The model in one environment; LookupError when there is no such environment."""
        return next(place for place in self.facts.places if place.environment == environment)
