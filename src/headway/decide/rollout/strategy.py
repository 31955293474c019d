"""What a strategy is: its stages, and the events that it draws from evidence.  The machine is the same for all."""

import math
from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from headway.decide.rollout.guardrails.evidence import evidence_of_harm, evidence_of_safety, title
from headway.decide.rollout.machine import Event
from headway.evidence.stage import Tally
from headway.spec.rollout import Guardrail, Rollout

__all__ = ["Limits", "Sight", "Strategy", "limits", "weighed"]


class Limits(Struct, frozen=True, kw_only=True):
    """Logarithms of the evidence that decides: of harm for each guardrail, of safety at the last stage."""

    harm: float
    safe: float


class Sight(Struct, frozen=True, kw_only=True):
    """What a strategy may look at after a window was folded in; `stage` counts from 0."""

    tally: Tally
    guardrails: tuple[Guardrail, ...]
    stage: int
    stages: int
    limits: Limits


class Strategy(Protocol):
    """A module: stages as percent of live traffic, and what a window at one of them brings about."""

    def stages(self, wish: Rollout) -> tuple[float, ...]:
        """The weights, rising."""

    def event(self, sight: Sight | None) -> tuple[Event, str] | None:
        """What follows, and why; `sight` is None when no window was closed since the last look."""


def limits(wish: Rollout, restarts: int) -> Limits:
    """The k-th restart is judged at alpha / 2^k; the abort's alpha is shared over the guardrails.

    >>> from headway.spec.rollout import Rollout
    >>> round(math.exp(limits(Rollout(), 0).harm)), round(math.exp(limits(Rollout(), 1).harm))
    (100, 200)
    """
    halved = 2.0**restarts
    guards = max(1, len(wish.guardrails))
    return Limits(
        harm=math.log(guards * halved / wish.wrong_at_most.abort), safe=math.log(halved / wish.wrong_at_most.promote)
    )


def weighed(guardrails: Sequence[Guardrail], tally: Tally) -> tuple[tuple[str, float, float], ...]:
    """Each guardrail's name, evidence of harm and evidence of safety, as logarithms."""
    return tuple(
        (title(guardrail), evidence_of_harm(tracks), evidence_of_safety(tracks))
        for guardrail, tracks in zip(guardrails, tally.tracks, strict=True)
    )
