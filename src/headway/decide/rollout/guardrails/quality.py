"""Quality by labels that come later: cohorts of predictions whose time for a label is over (statistics chapter, 2.9).

Early labels alone would favour what becomes known fast.  So every prediction counts when its time is over; how often
the labelled are wrong is compared, and how many have no label, without which the first comparison would be none.
"""

from headway.decide.rollout.guardrails.kind import Look, lines_of
from headway.decide.rollout.guardrails.rates import rates
from headway.spec.guardrail import QualityGuardrail, title
from headway.stats.track import Track

__all__ = ["grow"]


def grow(guardrail: QualityGuardrail, tracks: tuple[Track, ...], look: Look) -> tuple[Track, ...]:
    """Two comparisons, from when a hundred labels of the stable version are known."""
    return rates(title(guardrail), ("wrong", "unlabelled"), tracks, look, lines=lines_of(guardrail))
