"""The stable version's last windows, kept beside its traffic: how a rollout that begins is to be judged."""

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Struct

from headway.decide.rollout.spread import Counted, spread_of
from headway.evidence.window import Arm
from headway.reconcile.scene import Scene
from headway.spec.guardrail import Guardrail

__all__ = ["note", "spread"]

# Windows of a minute: an hour and a half, or what a version did before the one that serves now.
MOST = 90


class Noted(Struct, frozen=True, kw_only=True):
    """Windows in the order of time, all counted by these edges."""

    windows: tuple[Arm, ...] = ()
    edges_ms: tuple[float, ...] = ()


def note(scene: Scene, environment: str, window: Arm, edges_ms: tuple[float, ...]) -> None:
    """Keep one more window, if it counts by these edges at all; those that count by others are forgotten.

    A version that the router does not know yet counts nothing, by no edge.
    """
    if len(window.slower) != len(edges_ms) or window.starts < 0:
        return
    before = _recalled(scene, environment)
    kept = before.windows if before.edges_ms == edges_ms else ()
    noted = Noted(windows=(*kept, window)[-MOST:], edges_ms=edges_ms)
    scene.world.runtime.remember(_key(scene, environment), msgspec.json.encode(noted))


def spread(
    scene: Scene, environment: str, guardrails: Sequence[Guardrail], counted: Mapping[str, Counted] | None = None
) -> Mapping[str, float]:
    """By guardrail, how much more these windows differ than their counts alone make them; none of few windows.

    `counted` are minutes of other sources, by guardrail.
    """
    noted = _recalled(scene, environment)
    return spread_of(guardrails, noted.windows, noted.edges_ms, counted or {})


def _recalled(scene: Scene, environment: str) -> Noted:
    data = scene.world.runtime.recall(_key(scene, environment))
    try:
        return msgspec.json.decode(data, type=Noted) if data else Noted()
    except msgspec.DecodeError:
        return Noted()


def _key(scene: Scene, environment: str) -> str:
    return f"past/{environment}/{scene.facts.model}"
