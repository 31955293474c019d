"""How the evidence of a rollout grew, window by window: its windows folded again from nothing.  Draws nothing."""

from msgspec import Struct

from headway.decide.rollout.guardrails import fold, opened, stage_of
from headway.decide.rollout.strategy import weighed
from headway.decide.rollout.table import STRATEGIES
from headway.evidence.stage import Rollout
from headway.spec.rollout import Rollout as Wish

__all__ = ["Moment", "Weighed", "history"]


class Weighed(Struct, frozen=True, kw_only=True):
    """One guardrail after a window: natural logarithms of the evidence of harm and of safety."""

    guardrail: str
    harm: float
    safety: float


class Moment(Struct, frozen=True, kw_only=True):
    """After a window that ended at `at` (Unix seconds), in a stage counted from 0 with its weight in percent."""

    at: float
    stage: int
    weight: float
    guardrails: tuple[Weighed, ...]


def history(rollout: Rollout, wish: Wish) -> tuple[Moment, ...]:
    """What stood after each of its windows, by the wish given; none for a strategy that compares nothing."""
    strategy = STRATEGIES.get(wish.strategy)
    stages = strategy.stages(wish) if strategy else ()
    tally = opened("", wish.guardrails, len(stages), rollout.before)
    found = []
    for window in rollout.windows:
        stage = stage_of(stages, window.weight)
        if stage is None:
            continue
        tally = fold(tally, wish.guardrails, stages, window)
        each = (Weighed(guardrail=name, harm=h, safety=s) for name, h, s in weighed(wish.guardrails, tally))
        found.append(Moment(at=window.end, stage=stage, weight=window.weight, guardrails=tuple(each)))
    return tuple(found)
