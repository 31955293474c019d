"""A metric of the team's own: a share of bad or good things among all of them, by counters of a monitoring system."""

from collections.abc import Sequence

from headway.decide.rollout.guardrails.kind import Compared, Look, bursts, compared_part, judged, lines_of
from headway.decide.rollout.guardrails.rates import rates
from headway.spec.guardrail import MetricGuardrail, title
from headway.stats.benefit import log_fallen, log_kept
from headway.stats.sequential import Counts, Line
from headway.stats.track import Asked, Track, grown, grown_between

__all__ = ["below", "compared", "grow", "part_of", "shown"]


def grow(guardrail: MetricGuardrail, tracks: tuple[Track, ...], look: Look) -> tuple[Track, ...]:
    """One comparison, from when the stable version's share is known."""
    judge = _judged if guardrail.prometheus.good else judged
    return rates(title(guardrail), (part_of(guardrail),), tracks, look, lines=lines_of(guardrail), judge=judge)


def compared(guardrail: MetricGuardrail, _: Sequence[Track], look: Look) -> Compared | None:
    """The good or the bad things of both arms."""
    return compared_part(look, title(guardrail), part_of(guardrail))


def shown(guardrail: MetricGuardrail, _: Sequence[Track]) -> str:
    """Whose share is compared."""
    return f"what `{title(guardrail)}` counts"


def part_of(guardrail: MetricGuardrail) -> str:
    """Which part of all things its counters tell of."""
    return "good" if guardrail.prometheus.good else "bad"


def _judged(track: Track, look: Look, title: str, *, rate: float, asked: tuple[Asked, Asked]) -> Track:
    """Fewer are worse.  Between windows only means count, so there stable's share is held against the candidate's."""
    (tolerated, over), (margin, under) = asked
    spread = look.tally.before.spread
    if bursts(spread, title):
        harm, safe = (tolerated, _turned(over)), (margin, _turned(under))
        return grown_between(track, stage=look.stage, rate=rate, spread=spread[title], harm=harm, safe=safe)
    fallen, kept = log_fallen(below(tolerated), rate, over), log_kept(below(margin), rate, under)
    return grown(track, stage=look.stage, harm=fallen, safe=kept)


def _turned(counts: Counts) -> Counts:
    return Counts(bad=counts.control_bad, of=counts.control_of, control_bad=counts.bad, control_of=counts.of)


def below(lines: Sequence[Line]) -> list[Line]:
    """As far below the control's share as these lines are above it.

    >>> [line.by for line in below((Line(kind="ratio", by=1.25), Line(kind="offset", by=0.5)))]
    [0.8, -0.5]
    """
    return [Line(kind=line.kind, by=1.0 / line.by if line.kind == "ratio" else -line.by) for line in lines]
