"""The rule of an ended rollout: all its windows folded again, from nothing.  Knows no state and no clock."""

import math
from collections.abc import Mapping
from typing import TypeVar

import msgspec
from msgspec import Struct

from headway.decide.conclude import Rule, conclude
from headway.decide.rollout import experiment
from headway.decide.rollout.agreement import agreement_weighed, folded, in_words
from headway.decide.rollout.experiment import experiment_verdict
from headway.decide.rollout.guardrails.evidence import opened, stage_of, unheard
from headway.decide.rollout.strategy import Strategy, counted_s, limits, weighed
from headway.decide.rollout.table import STRATEGIES
from headway.evidence.stage import Rollout, Tally
from headway.evidence.verdict import Answer, Inputs, Verdict
from headway.evidence.window import Past, Window
from headway.spec.experiment import Shadow
from headway.spec.guardrail import (
    ErrorGuardrail,
    Guardrail,
    LatencyGuardrail,
    MetricGuardrail,
    PredictionGuardrail,
    QualityGuardrail,
)
from headway.spec.rollout import Rollout as Wish
from headway.spec.rollout import Strategies, WrongAtMost

G = TypeVar("G")

__all__ = ["RULES", "Ended", "verdict_of"]


class Ended(Struct, frozen=True, kw_only=True):
    """Inputs of `rollout/1`: what was asked, by kind, and every window that was counted."""

    name: str
    strategy: Strategies
    stages: tuple[float, ...]
    errors: tuple[ErrorGuardrail, ...]
    latencies: tuple[LatencyGuardrail, ...]
    predictions: tuple[PredictionGuardrail, ...] = ()
    qualities: tuple[QualityGuardrail, ...] = ()
    metrics: tuple[MetricGuardrail, ...] = ()
    wrong_at_most: WrongAtMost
    restarts: int
    before: Past
    windows: tuple[Window, ...]
    shadow: Shadow | None = None
    at_least: float = 0.0


def verdict_of(rollout: Rollout, wish: Wish) -> Verdict:
    """What the evidence says: pass (promote), fail (abort), undecided (its deadline or a person ended it)."""
    if wish.strategy == "ab":
        return experiment_verdict(rollout, wish)
    seen = Ended(
        name=f"rollout of {rollout.candidate.version}",
        strategy=wish.strategy,
        stages=wish.stages,
        errors=_of(wish, ErrorGuardrail),
        latencies=_of(wish, LatencyGuardrail),
        predictions=_of(wish, PredictionGuardrail),
        qualities=_of(wish, QualityGuardrail),
        metrics=_of(wish, MetricGuardrail),
        wrong_at_most=wish.wrong_at_most,
        restarts=rollout.restarts,
        before=rollout.before,
        windows=rollout.windows,
        shadow=wish.shadow,
        at_least=wish.at_least,
    )
    return rollout_1(msgspec.to_builtins(seen))


def _of(wish: Wish, kind: type[G]) -> tuple[G, ...]:
    """In a record each kind has a list of its own: untagged records of several kinds cannot be told apart there."""
    return tuple(guardrail for guardrail in wish.guardrails if isinstance(guardrail, kind))


def rollout_1(inputs: Inputs) -> Verdict:
    """Harm shown after any window fails; safety shown after a last window at the last stage passes; else undecided."""
    seen = msgspec.convert(inputs, Ended)
    guards: tuple[Guardrail, ...] = (*seen.errors, *seen.latencies, *seen.predictions, *seen.qualities, *seen.metrics)
    wish = Wish(
        strategy=seen.strategy,
        stages=seen.stages,
        guardrails=guards,
        shadow=seen.shadow,
        wrong_at_most=seen.wrong_at_most,
    )
    strategy = STRATEGIES.get(seen.strategy)
    stages = strategy.stages(wish) if strategy else ()
    if not strategy or not stages:
        why = f"with the strategy {seen.strategy} nothing is compared on live traffic"
        return conclude("rollout/1", seen, Answer.NOT_APPLICABLE, why=why)
    return _concluded(seen, wish, strategy)


def _concluded(seen: Ended, wish: Wish, strategy: Strategy) -> Verdict:
    stages, asked = strategy.stages(wish), limits(wish, seen.restarts)
    tally = opened("", wish.guardrails, seen.before)
    harmful = False
    for window in seen.windows:
        tally = folded(tally, wish, stages, window)
        weights = zip(_found(wish, tally), asked.harm, strict=True)
        harmful = harmful or any(harm >= needed for (_, harm, _), needed in weights)
    found = _found(wish, tally)
    at_end = bool(seen.windows) and stage_of(stages, seen.windows[-1].weight) == len(stages) - 1
    spoken = at_end and not unheard(wish.guardrails, seen.windows[-1])
    long = counted_s(seen.windows) >= seen.at_least
    safe = bool(found) and spoken and long and all(safety >= asked.safe for _, _, safety in found)
    answer = Answer.FAIL if harmful else Answer.PASS if safe else Answer.UNDECIDED
    numbers = {"safe at": asked.safe, "windows": float(len(seen.windows))}
    for (name, harm, safety), needed in zip(found, asked.harm, strict=True):
        numbers |= {f"{name} harm": harm, f"{name} harm at": needed, f"{name} safe": safety}
    told = "; ".join(f"{name}: {_times(harm)} for harm, {_times(safety)} for safety" for name, harm, safety in found)
    totals = (
        f"{sum(window.candidate.errors for window in seen.windows):,} of "
        f"{sum(window.candidate.starts for window in seen.windows):,} requests failed at the candidate, "
        f"{sum(window.control.errors for window in seen.windows):,} of "
        f"{sum(window.control.starts for window in seen.windows):,} beside it"
    )
    why = f"{totals}; evidence {told or 'of nothing, for there is no guardrail'}"
    if strategy.SPLIT == "copies":
        why += f"; {in_words(wish, tally.pairs)}"
    if strategy.REST:
        why += f"; {strategy.REST}"
    return conclude("rollout/1", seen, answer, numbers=numbers, why=why)


def _found(wish: Wish, tally: Tally) -> tuple[tuple[str, float, float], ...]:
    return (*weighed(wish.guardrails, tally), *agreement_weighed(wish, tally))


def _times(log: float) -> str:
    return f"{math.exp(min(log, 700.0)):.3g}x"


RULES: Mapping[str, Rule] = {"rollout/1": rollout_1, **experiment.RULES}
