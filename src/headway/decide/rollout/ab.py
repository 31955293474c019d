"""The strategy `ab`: a fixed share of the users sees the candidate, until one version has won or the time is over."""

from headway.decide.rollout.machine import Event
from headway.decide.rollout.strategy import Sight
from headway.evidence.weights import Split
from headway.spec.experiment import Ab
from headway.spec.rollout import Rollout

__all__ = ["REST", "SPLIT", "event", "stages"]

SPLIT: Split = "users"
REST = "intervals between users are approximate"


def stages(wish: Rollout) -> tuple[float, ...]:
    """One, at the candidate's share of the users."""
    return ((wish.ab or Ab()).share,)


def event(sight: Sight | None) -> tuple[Event, str] | None:  # noqa: ARG001 - it is judged by groups of users instead
    """Nothing by single requests: those of one user are alike, so they are no evidence each for itself."""
    return None
