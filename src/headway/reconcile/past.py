"""The stable version's last windows, kept beside its traffic: how a rollout that begins is to be judged."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import msgspec
from msgspec import Struct

from headway.decide.rollout.spread import Counted, spread_of
from headway.evidence.window import Arm, Sample
from headway.reconcile.scene import Scene
from headway.spec.guardrail import Guardrail

__all__ = ["answered", "note", "spread"]

# Windows of a minute: an hour and a half, or what a version did before the one that serves now.
MOST = 90


class Answers(Struct, frozen=True, kw_only=True):
    """What was predicted, by minute: all rows, then those of each of these parts."""

    parts: tuple[str, ...] = ()
    minutes: tuple[tuple[int, ...], ...] = ()


class Noted(Struct, frozen=True, kw_only=True):
    """Windows in the order of time, all counted by these edges, and what was answered in them."""

    windows: tuple[Arm, ...] = ()
    edges_ms: tuple[float, ...] = ()
    answers: Answers = Answers()


def note(
    scene: Scene, environment: str, window: Arm, edges_ms: tuple[float, ...], answers: Sample | None = None
) -> None:
    """Keep one more window, if it counts by these edges at all; those that count by others are forgotten.

    A version that the router does not know yet counts nothing, by no edge.  `answers` is what its servers say of their
    predictions, beside themselves.
    """
    if len(window.slower) != len(edges_ms) or window.starts < 0:
        return
    before = _recalled(scene, environment)
    kept = before.windows if before.edges_ms == edges_ms else ()
    noted = Noted(windows=(*kept, window)[-MOST:], edges_ms=edges_ms, answers=_more(before.answers, answers))
    scene.world.runtime.remember(_key(scene, environment), msgspec.json.encode(noted))


def _more(before: Answers, told: Sample | None) -> Answers:
    """A minute in which nobody told, or that cannot be, is left out; those that tell other parts are forgotten."""
    if told is None or not all(part.sound for part in told.parts):
        return before
    parts = tuple(part.name for part in told.parts)
    minute = (told.parts[0].of, *(part.bad for part in told.parts))
    return Answers(parts=parts, minutes=(*(before.minutes if before.parts == parts else ()), minute)[-MOST:])


def spread(
    scene: Scene,
    environment: str,
    guardrails: Sequence[Guardrail],
    counted: Mapping[str, Sequence[Counted]] = MappingProxyType({}),
) -> Mapping[str, float]:
    """By guardrail, how much more these windows differ than their counts alone make them; none of few windows.

    `counted` are minutes of other sources, by guardrail.
    """
    noted = _recalled(scene, environment)
    return spread_of(guardrails, noted.windows, noted.edges_ms, counted)


def answered(scene: Scene, environment: str) -> Counted:
    """By minute, of all answers the part that halves them best: rows that are alike show the most in it."""
    minutes = _recalled(scene, environment).answers.minutes
    rows, *counts = [sum(column) for column in zip(*minutes, strict=True)] or [0]
    at = min(range(len(counts)), key=lambda part: abs(counts[part] - rows / 2), default=None)
    return [] if at is None else [(minute[1 + at], minute[0]) for minute in minutes]


def _recalled(scene: Scene, environment: str) -> Noted:
    data = scene.world.runtime.recall(_key(scene, environment))
    try:
        return msgspec.json.decode(data, type=Noted) if data else Noted()
    except msgspec.DecodeError:
        return Noted()


def _key(scene: Scene, environment: str) -> str:
    return f"past/{environment}/{scene.facts.model}"
