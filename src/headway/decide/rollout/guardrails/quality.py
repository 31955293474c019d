"""Quality by labels that come later: cohorts of predictions whose time for a label is over (statistics chapter, 2.9).

Early labels alone would favour what becomes known fast.  So every prediction counts when its time is over; how often
the labelled are wrong is compared, and how many have no label, without which the first comparison would be none.
"""

from collections.abc import Sequence

from headway.decide.rollout.guardrails.kind import Compared, Look, compared_part, lines_of
from headway.decide.rollout.guardrails.rates import rates
from headway.spec.guardrail import QualityGuardrail, title
from headway.stats.track import Track

__all__ = ["compared", "grow", "shown"]

WRONG, UNLABELLED = "wrong", "unlabelled"


def grow(guardrail: QualityGuardrail, tracks: tuple[Track, ...], look: Look) -> tuple[Track, ...]:
    """Two comparisons, from when a hundred labels of the stable version are known."""
    return rates(title(guardrail), (WRONG, UNLABELLED), tracks, look, lines=lines_of(guardrail))


def compared(guardrail: QualityGuardrail, _: Sequence[Track], look: Look) -> Compared | None:
    """Answers that a label showed to be wrong."""
    return compared_part(look, title(guardrail), WRONG)


def shown(_: QualityGuardrail, __: Sequence[Track]) -> str:
    """Whose share is compared."""
    return "wrong answers"
