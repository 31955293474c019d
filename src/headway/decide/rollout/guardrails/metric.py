"""A metric of the team's own: a share of bad things among all of them, by counters of a monitoring system."""

from headway.decide.rollout.guardrails.kind import Look, lines_of
from headway.decide.rollout.guardrails.rates import rates
from headway.spec.guardrail import MetricGuardrail, title
from headway.stats.track import Track

__all__ = ["grow"]


def grow(guardrail: MetricGuardrail, tracks: tuple[Track, ...], look: Look) -> tuple[Track, ...]:
    """One comparison, from when the stable version's share is known."""
    return rates(title(guardrail), ("bad",), tracks, look, lines=lines_of(guardrail))
