"""Steps of a rollout that wait for a person, however clear the evidence.  Knows no evidence; it can only hold back."""

from collections.abc import Collection

from headway.evidence.stage import Rollout
from headway.spec.rollout import Rollout as Wish

__all__ = ["PROMOTION", "command", "lacking"]

# The weight by which approvals call the promotion.
PROMOTION = 100.0


def lacking(wish: Wish, approved: Collection[float], weight: float) -> float:
    """The lowest step up to `weight` (percent) that waits for a person and is not `approved`; 0 when there is none.

    >>> wish = Wish(approve_at=(50.0, 100.0))
    >>> lacking(wish, (), 20.0), lacking(wish, (), 50.0), lacking(wish, (50.0,), 50.0), lacking(wish, (50.0,), 100.0)
    (0.0, 50.0, 0.0, 100.0)
    >>> lacking(wish, (100.0,), 100.0)  # a later approval does not stand for an earlier one
    50.0
    """
    return min((step for step in wish.approve_at if step <= weight and step not in approved), default=0.0)


def command(rollout: Rollout, weight: float) -> str:
    """What a person types to approve a step, in full."""
    who = f"{rollout.model}@{rollout.heir.version} --to {rollout.environment}"
    return f"headway approve {who} --at {weight:.12g}"
