"""Where the evidence of a rollout stands, and how it grew window by window.  Draws nothing and decides nothing."""

from msgspec import Struct

from headway.decide.rollout.agreement import agreement_weighed, folded
from headway.decide.rollout.guardrails.evidence import opened, stage_of
from headway.decide.rollout.strategy import limits, weighed
from headway.decide.rollout.table import STRATEGIES
from headway.evidence.stage import Rollout, Tally
from headway.spec.guardrail import matures, title
from headway.spec.rollout import Rollout as Wish

__all__ = ["Moment", "Weighed", "history", "standing"]


class Weighed(Struct, frozen=True, kw_only=True):
    """One guardrail: its evidence of harm and of safety, and what aborts or passes the stage; natural logarithms."""

    guardrail: str
    harm: float
    harm_at: float
    safety: float
    safety_at: float


class Moment(Struct, frozen=True, kw_only=True):
    """After a window that ended at `at` (Unix seconds), in a stage counted from 0 with its weight in percent."""

    at: float
    stage: int
    weight: float
    guardrails: tuple[Weighed, ...]


def standing(tally: Tally, wish: Wish, *, stage: int, restarts: int) -> tuple[Weighed, ...]:
    """Each guardrail at a stage (from 0) of a test that was begun again so many times.

    >>> from headway.evidence.window import Past
    >>> (one,) = standing(opened("", Wish().guardrails, Past()), Wish(), stage=0, restarts=0)
    >>> one.guardrail, one.harm, round(one.harm_at, 2), round(one.safety_at, 2)
    ('errors', 0.0, 4.61, 1.0)
    """
    strategy, asked = STRATEGIES.get(wish.strategy), limits(wish, restarts)
    stages = len(strategy.stages(wish)) if strategy else 0
    found = (*weighed(wish.guardrails, tally), *agreement_weighed(wish, tally))
    part = min(1.0, (stage + 1) / max(1, stages))
    # Those that wait for labels are asked at the last stage only, unless all of them wait.
    waits = {title(guardrail) for guardrail in wish.guardrails if matures(guardrail)}
    late = waits if len(waits) < len(found) else set()
    return tuple(
        Weighed(
            guardrail=name,
            harm=harm,
            harm_at=harm_at,
            safety=safety,
            safety_at=asked.safe if name in late else asked.safe * part,
        )
        for (name, harm, safety), harm_at in zip(found, asked.harm, strict=True)
    )


def history(rollout: Rollout, wish: Wish) -> tuple[Moment, ...]:
    """What stood after each of its windows, by the wish given; none for a strategy that compares no windows."""
    strategy = STRATEGIES.get(wish.strategy)
    stages = strategy.stages(wish) if strategy else ()
    tally = opened("", wish.guardrails, rollout.before)
    found = []
    for window in rollout.windows:
        stage = stage_of(stages, window.weight)
        if stage is None:
            continue
        tally = folded(tally, wish, stages, window)
        now = standing(tally, wish, stage=stage, restarts=rollout.restarts)
        found.append(Moment(at=window.end, stage=stage, weight=window.weight, guardrails=now))
    return tuple(found)
