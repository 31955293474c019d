"""What each guardrail can see at the traffic that was, how soon and with which chance: said before a rollout starts.

Approximate, as `stats.planning` says; a harmful candidate is taken to stay at the first stage.
"""

import math
from collections.abc import Mapping, Sequence

from msgspec import Struct, structs

from headway.decide.rollout.pace import Known, Pace, foreseen, passage
from headway.decide.rollout.prospects.outlook import Outlook, Traffic
from headway.decide.rollout.prospects.table import outlook
from headway.decide.rollout.strategy import limits
from headway.decide.rollout.table import STRATEGIES
from headway.spec.finding import Finding, Place, Severity
from headway.spec.guardrail import (
    LATENCY_STEP,
    ErrorGuardrail,
    Guardrail,
    LatencyGuardrail,
    MetricGuardrail,
    PredictionGuardrail,
    QualityGuardrail,
    title,
)
from headway.spec.rollout import Rollout as Wish
from headway.stats.growth import Growth
from headway.stats.planning import SAFE_COST, chance
from headway.stats.track import FIRST_SHARE

__all__ = ["Reach", "Seen", "Traffic", "false_aborts", "findings", "forecast", "time_in_words"]

# Seen less often than this, it is not seen.
LEAST_CHANCE = 0.05
# Below this chance a guardrail is not expected to decide.
RATHER = 0.5
# A window in which the weight moves is dropped.
MOVED = 1.0
# Of guardrails of which their source has told nothing.
UNTOLD: Mapping[type[Guardrail], str] = {
    PredictionGuardrail: "It compares shares of predictions, of which the model servers have told nothing yet; it "
    "cannot see whether an answer is right.",
    QualityGuardrail: "It compares how often both are wrong once the time for labels is over, and gates the promotion; "
    "no such label is known yet.",
    MetricGuardrail: "It compares a share by counters in Prometheus, which tell nothing of the stable version's last "
    "hour and a half.",
}
UNKNOWN = "Nothing is known beforehand of what it compares; the rollout learns it."
# What else there is to say where its source has told.
BESIDE: Mapping[type[Guardrail], str] = {
    PredictionGuardrail: " It cannot see whether an answer is right.",
    QualityGuardrail: " It gates the promotion, not the stages before it.",
}


class Seen(Struct, frozen=True, kw_only=True):
    """A harmful candidate: seconds until half of such are aborted (infinite: never), the chance by the deadline."""

    what: str
    seconds: float
    chance: float


class Reach(Struct, frozen=True, kw_only=True):
    """One guardrail at given traffic; numbers are not a number where nothing is known beforehand.

    `promoted_s` is when an equal version has shown safety, on average; `chance` is that it has by the deadline.
    `decides` unless that is rather not to be expected.
    """

    guardrail: str
    sees: tuple[Seen, ...] = ()
    promoted_s: float = math.nan
    chance: float = math.nan
    decides: bool = True
    said: str = ""


def forecast(wish: Wish, traffic: Traffic) -> tuple[Reach, ...]:
    """What the guardrails of a rollout can show at so much traffic of the stable version.

    >>> from headway.evidence.window import Arm
    >>> day = [Traffic(seconds=86_400.0, arm=Arm(starts=starts, errors=starts // 1000)) for starts in (25_920_000, 900)]
    >>> [forecast(Wish(), one)[0].decides for one in day]
    [True, False]
    """
    strategy = STRATEGIES.get(wish.strategy)
    stages = strategy.stages(wish) if strategy and strategy.SPLIT != "users" else ()  # how users vary is not known
    if not stages:
        return ()
    asked = limits(wish, 0)
    return tuple(
        _reach(guardrail, wish, stages, traffic, asked.safe, harm)
        for guardrail, harm in zip(wish.guardrails, asked.harm, strict=False)  # a shadow may ask for agreement, too
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


def _reach(
    guardrail: Guardrail, wish: Wish, stages: Sequence[float], traffic: Traffic, safe: float, harm: float
) -> Reach:
    name, requests = title(guardrail), traffic.arm.starts / traffic.seconds * wish.window
    if isinstance(guardrail, LatencyGuardrail) and guardrail.worse_by_at_most < LATENCY_STEP * (1.0 - 1e-9):
        margin = f"a margin of {guardrail.worse_by_at_most:g}x cannot be seen"
        said = f"Latencies are counted in steps of {LATENCY_STEP:g}x, so {margin}."
        return Reach(guardrail=name, decides=False, said=said)
    ahead = [found for weight in stages if (found := outlook(guardrail, traffic, requests, weight))]
    if not ahead:
        return Reach(guardrail=name, said=UNTOLD.get(type(guardrail), UNKNOWN))
    late = guardrail.labels_within if isinstance(guardrail, QualityGuardrail) else 0.0
    asked = [each.safe for each in (ahead[-1:] if late else ahead)]
    promoted, by_then = _promoted(asked, safe, (wish.deadline.after - late) / wish.window)
    reach = Reach(
        guardrail=name,
        sees=_sees(ahead[0], wish, len(stages), harm, late),
        promoted_s=promoted * wish.window + late,
        chance=by_then,
        decides=by_then >= RATHER,
    )
    said = _said(reach, _at(guardrail, traffic), time_in_words(wish.deadline.after))
    return structs.replace(reach, said=f"{said}{BESIDE.get(type(guardrail), '')}")


def _at(guardrail: Guardrail, traffic: Traffic) -> str:
    """The traffic that this rests on, in the things that the guardrail counts."""
    told = traffic.told.get(title(guardrail))
    at = f"At {traffic.arm.starts / traffic.seconds if told is None else told.per_s:.3g}"
    match guardrail:
        case ErrorGuardrail():
            return f"{at} requests a second and {traffic.arm.errors / max(1, traffic.arm.starts):.2%} errors"
        case MetricGuardrail() if told:
            return f"{at} things a second, {told.share:.2%} of them {'good' if guardrail.prometheus.good else 'bad'},"
        case QualityGuardrail() if told:
            return f"At {told.per_s:.3g} labels a second and {told.share:.2%} wrong answers"
        case PredictionGuardrail():
            return f"{at} answers a second"
        case _:
            return f"{at} requests a second"


def _sees(first: Outlook, wish: Wish, stages: int, harm: float, late: float) -> tuple[Seen, ...]:
    """Harmful candidates at the first stage; its part in the mixture and the mean over comparisons cost evidence.

    Nothing counts before it is so many seconds `late`.
    """
    evidence = harm + math.log(first.among) - (math.log(FIRST_SHARE) if stages > 1 else 0.0)
    within = (wish.deadline.after - late) / wish.window
    found = []
    for case in first.cases:
        windows, by_then = foreseen(evidence, case.pace, within)
        found.append(Seen(what=case.what, seconds=windows * wish.window + late, chance=by_then))
    return tuple(found)


def _promoted(paces: Sequence[Pace], safe: float, within: float) -> tuple[float, float]:
    """Windows until the last stage is passed on average, and the chance of that within so many.

    The time of each stage is nearly inverse Gaussian, and so is their sum, of which mean and variance are known.
    """
    stages = len(paces)
    asked = [safe * (at + 1) / stages for at in range(stages)]
    mean, variance = passage([[pace] for pace in paces], [Known(log=-SAFE_COST)], asked)
    if math.isinf(mean):
        return math.inf, 0.0
    dropped = MOVED * stages
    left = max(0.0, within - dropped)
    passed = Growth(mean=left, variance=left * variance / mean)
    by_then = chance(mean, passed, Growth(mean=0.0, variance=0.0), cost=0.0) if left >= stages else 0.0
    return mean + dropped, by_then


def _said(reach: Reach, at: str, deadline: str) -> str:
    seen = [each for each in reach.sees if each.chance >= LEAST_CHANCE]
    blind = [each for each in reach.sees if each.chance < LEAST_CHANCE]
    told = [f"{each.what} in about {time_in_words(each.seconds)}{_unless_sure(each.chance)}" for each in reversed(seen)]
    parts = [f"{at} it sees {', '.join(told) or 'no harm at all'}."]
    if blind:
        parts.append(f"Before the deadline of {deadline} it cannot see {', '.join(each.what for each in blind)}.")
    if math.isinf(reach.promoted_s):
        parts.append(f"It never lets an equal version through; the deadline is {deadline}.")
    else:
        parts.append(
            f"It lets an equal version through in about {time_in_words(reach.promoted_s)}, "
            f"by the deadline of {deadline} with a chance of {_percent(reach.chance)}."
        )
    return " ".join(parts)


def _unless_sure(share: float) -> str:
    return "" if share >= 0.95 else f" (by the deadline with a chance of {_percent(share)})"


def _percent(share: float) -> str:
    """A chance that is not quite none or all is not said to be.

    >>> [_percent(share) for share in (0.0001, 0.5, 0.999)]
    ['under 1 %', '50 %', 'over 99 %']
    """
    if share < 0.01:
        return "under 1 %"
    return "over 99 %" if share > 0.99 else f"{share * 100:.0f} %"


def time_in_words(seconds: float) -> str:
    """A length of time in its largest unit of which there are two.

    >>> time_in_words(90.0), time_in_words(7200.0), time_in_words(math.inf)
    ('90 s', '2 h', 'no time at all (never)')
    """
    if math.isinf(seconds):
        return "no time at all (never)"
    for unit, size in (("days", 86_400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(1.0, seconds):.0f} s"
