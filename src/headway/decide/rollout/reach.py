"""What each guardrail can see at today's traffic, and how fast: said before a rollout starts.  Only expectations.

Requests to a decision are about (log of the evidence asked for + 1.5) / growth of the evidence a request (statistics
chapter, 2.10: predicted 6.9 min where 7 were measured).
"""

import math
from collections.abc import Mapping, Sequence

from msgspec import Struct

from headway.decide.rollout.strategy import limits
from headway.decide.rollout.table import STRATEGIES
from headway.spec.finding import Finding, Place, Severity
from headway.spec.guardrail import (
    ErrorGuardrail,
    Guardrail,
    LatencyGuardrail,
    MetricGuardrail,
    PredictionGuardrail,
    QualityGuardrail,
    title,
)
from headway.spec.rollout import Rollout as Wish
from headway.stats.sequential import Counts, Line, log_harm, log_safe

__all__ = ["Reach", "false_aborts", "findings", "forecast"]

# One observer's histogram has edges a quarter apart (1.25^k ms): a margin below one step cannot be seen.
EDGE_STEP = 1.25
# What a mixture pays for not knowing its alternative: 13 of them for harm, 4 close ones for safety (measured).
HARM_OVERHEAD = 1.5
SAFE_OVERHEAD = 0.3
# Expectations are taken over so many requests and divided again: counts are whole numbers.
MANY = 10_000_000
# Versions that fail this much oftener than the line, in the odds, are what a forecast of aborts speaks of.
BROKEN = 0.05
# Of guardrails whose counts nobody has before the start, what they compare, and what they do not.
SAID: Mapping[type[Guardrail], str] = {
    PredictionGuardrail: "It compares shares of predictions, from 400 rows of the stable version on; it cannot see "
    "whether an answer is right.",
    QualityGuardrail: "It compares how often both are wrong once the time for labels is over, and gates the promotion; "
    "nothing is known before.",
    MetricGuardrail: "It compares a share by counters in Prometheus; what it can see depends on counts that are read "
    "first when the rollout begins.",
}


class Reach(Struct, frozen=True, kw_only=True):
    """One guardrail at one rate of traffic.

    Seconds until an equal version is promoted, and until one with `broken` more errors is aborted at the first stage
    (infinite: never); whether it can promote before the deadline.
    """

    guardrail: str
    promoted_s: float
    aborted_s: float
    broken: float
    decides: bool
    said: str


def forecast(wish: Wish, requests_per_second: float, base_rate: float) -> tuple[Reach, ...]:
    """What the guardrails of a rollout can show at so much traffic, when the stable version fails at `base_rate`.

    >>> [forecast(Wish(), per_second, 0.001)[0].decides for per_second in (300.0, 0.01)]
    [True, False]
    """
    strategy = STRATEGIES.get(wish.strategy)
    stages = strategy.stages(wish) if strategy and strategy.SPLIT != "users" else ()  # how users vary is not known
    if not stages:
        return ()
    return tuple(
        _of_errors(guardrail, wish, stages, requests_per_second, base_rate)
        if isinstance(guardrail, ErrorGuardrail)
        else _of_latency(guardrail)
        if isinstance(guardrail, LatencyGuardrail)
        else _unknown(guardrail, SAID[type(guardrail)])
        for guardrail in wish.guardrails
    )


def findings(wish: Wish, reaches: Sequence[Reach], place: Place) -> tuple[Finding, ...]:
    """E204 for each guardrail that cannot decide before the deadline, and for a rollout without any."""
    found = [
        Finding(
            code="E204",
            what=f"guardrail '{reach.guardrail}' never decides",
            why=reach.said,
            do="Lengthen `rollout.deadline.after`, widen `worse_by_at_most` or `floor`, or begin with a larger stage.",
            place=place,
            severity=Severity.WARNING,
        )
        for reach in reaches
        if not reach.decides
    ]
    if not wish.guardrails and wish.strategy != "direct":
        found.append(
            Finding(
                code="E204",
                what="the rollout never decides",
                why="It has no guardrail, and nothing is shown by comparing nothing, so it ends at its deadline.",
                do="Add a guardrail such as `{errors: rate}`, or release with `strategy: direct`.",
                place=place,
                severity=Severity.WARNING,
            )
        )
    return tuple(found)


def false_aborts(wish: Wish, rollouts_a_year: float) -> float:
    """How many harmless candidates a year are aborted at most, on average.

    >>> false_aborts(Wish(), 50)
    0.5
    """
    return rollouts_a_year * wish.wrong_at_most.abort


def _of_errors(guardrail: ErrorGuardrail, wish: Wish, stages: Sequence[float], per_s: float, base_rate: float) -> Reach:
    margin = (Line(kind="ratio", by=guardrail.worse_by_at_most), Line(kind="offset", by=guardrail.floor))
    tolerated = (Line(kind="ratio", by=guardrail.tolerate), Line(kind="offset", by=guardrail.tolerate_floor))
    asked = limits(wish, 0)
    promoted = 0.0
    for stage in stages:
        grows = max(log_safe(margin, base_rate, _expected(base_rate, base_rate, stage)))
        extra = SAFE_OVERHEAD if stage == stages[0] else 0.0
        promoted += _seconds(asked.safe / len(stages) + extra, grows, stage, per_s) + wish.window
    bad = min(0.99, base_rate + BROKEN)
    grows = max(log_harm(tolerated, base_rate, _expected(bad, base_rate, stages[0])))
    harm = asked.harm[wish.guardrails.index(guardrail)]
    aborted = _seconds(harm + HARM_OVERHEAD, grows, stages[0], per_s) + wish.window
    decides = promoted <= wish.deadline.after
    name = title(guardrail)
    said = (
        f"At {per_s:g} requests a second and {base_rate:.2%} errors {name} sees a version that fails "
        f"{BROKEN * 100:g} pp more often in about {_time(aborted)}, and lets an equal one through in about "
        f"{_time(promoted)}; the deadline is {_time(wish.deadline.after)}."
    )
    return Reach(guardrail=name, promoted_s=promoted, aborted_s=aborted, broken=BROKEN, decides=decides, said=said)


def _expected(rate: float, control: float, stage: float) -> Counts:
    """What MANY candidate requests at a stage bring on average, with the control beside them."""
    beside = round(MANY * (100.0 - stage) / stage)
    return Counts(bad=round(MANY * rate), of=MANY, control_bad=round(beside * control), control_of=beside)


def _seconds(evidence: float, grows: float, stage: float, per_s: float) -> float:
    """`grows` is the evidence of MANY candidate requests."""
    requests = per_s * stage / 100.0
    return evidence / (grows / MANY) / requests if grows > 0 and requests > 0 else math.inf


def _unknown(guardrail: Guardrail, said: str) -> Reach:
    """How fast it decides depends on what has not been counted yet."""
    return Reach(
        guardrail=title(guardrail), promoted_s=math.nan, aborted_s=math.nan, broken=0.0, decides=True, said=said
    )


def _of_latency(guardrail: LatencyGuardrail) -> Reach:
    """Its speed depends on latencies that nobody has seen yet; what it is blind to does not."""
    decides = guardrail.worse_by_at_most >= EDGE_STEP * (1.0 - 1e-9)
    said = "It compares shares at edges chosen from the stable version's first windows."
    if not decides:
        margin = f"a margin of {guardrail.worse_by_at_most:g}x cannot be seen"
        said = f"Latencies are counted in steps of {EDGE_STEP:g}x, so {margin}."
    return Reach(
        guardrail=title(guardrail), promoted_s=math.nan, aborted_s=math.nan, broken=0.0, decides=decides, said=said
    )


def _time(seconds: float) -> str:
    if math.isinf(seconds):
        return "no time at all (never)"
    for unit, size in (("days", 86_400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
