"""What a strategy is: its stages, and the events that it draws from evidence.  The machine is the same for all."""

import math
from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from headway.decide.rollout.agreement import agreement_asked
from headway.decide.rollout.guardrails.evidence import evidence_of_harm, evidence_of_safety
from headway.decide.rollout.guardrails.kind import bursts
from headway.decide.rollout.machine import Event
from headway.evidence.stage import Tally
from headway.evidence.weights import Split
from headway.evidence.window import Window
from headway.spec.guardrail import Guardrail, matures, title
from headway.spec.rollout import Rollout

__all__ = ["SPLIT_WRONG_AT_MOST", "Limits", "Sight", "Strategy", "counted_s", "limits", "weighed"]

# How often a rollout whose requests, or users, are split rightly may be parked because they seem not to be.
SPLIT_WRONG_AT_MOST = 0.001
BETWEEN = " between windows"
# What of alpha is kept for guardrails whose evidence comes late (statistics chapter, 2.9).
LATE = 0.2


class Limits(Struct, frozen=True, kw_only=True):
    """Logarithms of the evidence that decides: of harm, one a guardrail in the wish's order; of safety at the end."""

    harm: tuple[float, ...]
    safe: float


class Sight(Struct, frozen=True, kw_only=True):
    """What a strategy may look at after a window was folded in; `stage` counts from 0.

    `beside` is what counts as a guardrail's evidence and is none of the wish's.
    """

    tally: Tally
    guardrails: tuple[Guardrail, ...]
    stage: int
    stages: int
    limits: Limits
    beside: tuple[tuple[str, float, float], ...] = ()


class Strategy(Protocol):
    """A module: stages as percent of live traffic, what a share of it means, and what a window at one brings about.

    `REST` says what a promotion by it does not rest on; empty where there is nothing to say.
    """

    SPLIT: Split
    REST: str

    def stages(self, wish: Rollout) -> tuple[float, ...]:
        """The weights, rising."""

    def event(self, sight: Sight | None) -> tuple[Event, str] | None:
        """What follows, and why; `sight` is None when no window was closed since the last look."""


def limits(wish: Rollout, restarts: int) -> Limits:
    """The k-th restart is judged at alpha / 2^k; the abort's alpha is parted by the guardrails' shares (Bonferroni).

    For safety each guardrail is asked for all of it, since all of them must show it (an intersection-union test).

    >>> from headway.spec.guardrail import ErrorGuardrail
    >>> from headway.spec.rollout import Rollout
    >>> round(math.exp(limits(Rollout(), 0).harm[0])), round(math.exp(limits(Rollout(), 1).harm[0]))
    (100, 200)
    >>> unequal = Rollout(guardrails=(ErrorGuardrail(share=3.0), ErrorGuardrail(share=1.0)))
    >>> [round(math.exp(harm)) for harm in limits(unequal, 0).harm]
    [133, 400]
    """
    halved = 2.0**restarts
    parts = _parts(wish.guardrails, beside=1.0 if agreement_asked(wish) else 0.0)
    return Limits(
        harm=tuple(math.log(halved / (wish.wrong_at_most.abort * part)) for part in parts),
        safe=math.log(halved / wish.wrong_at_most.promote),
    )


def _parts(guardrails: Sequence[Guardrail], *, beside: float) -> list[float]:
    """Each guardrail's part of alpha, by its share; those that wait for labels share a fifth, if others do not.

    `beside` is the share of what counts as a guardrail and is none of the wish's; its part is the last.
    """
    wholes = [sum(each.share for each in guardrails if matures(each) is late) for late in (False, True)]
    wholes[0] += beside
    groups = (1.0 - LATE, LATE) if all(wholes) else (1.0, 1.0)
    parts = [groups[matures(each)] * each.share / wholes[matures(each)] for each in guardrails]
    return [*parts, groups[0] * beside / wholes[0]] if beside else parts


def counted_s(windows: Sequence[Window]) -> float:
    """For how long requests were counted, in seconds: windows that were dropped, and time at weight zero, are not."""
    return sum(window.end - window.start for window in windows)


def weighed(guardrails: Sequence[Guardrail], tally: Tally) -> tuple[tuple[str, float, float], ...]:
    """Each guardrail's name, evidence of harm and evidence of safety, as logarithms."""
    spread = tally.before.spread
    return tuple(
        (
            f"{title(guardrail)}{BETWEEN if bursts(spread, title(guardrail)) else ''}",
            evidence_of_harm(tracks),
            evidence_of_safety(tracks),
        )
        for guardrail, tracks in zip(guardrails, tally.tracks, strict=True)
    )
