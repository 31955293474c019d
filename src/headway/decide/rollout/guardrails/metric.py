"""A metric of the team's own: a share of bad things among all of them, by counters of a monitoring system."""

from headway.decide.rollout.guardrails.kind import Look
from headway.decide.rollout.guardrails.rates import rates
from headway.spec.guardrail import MetricGuardrail, title
from headway.stats.sequential import Line
from headway.stats.track import Track

__all__ = ["grow"]


def grow(guardrail: MetricGuardrail, tracks: tuple[Track, ...], look: Look) -> tuple[Track, ...]:
    """One comparison, from when the stable version's share is known."""
    tolerated = (Line(kind="ratio", by=guardrail.tolerate), Line(kind="offset", by=guardrail.tolerate_floor))
    margin = (Line(kind="ratio", by=guardrail.worse_by_at_most), Line(kind="offset", by=guardrail.floor))
    return rates(title(guardrail), ("bad",), tracks, look, lines=(tolerated, margin))
