"""The strategy `direct`: the gates alone decide; nothing is compared on live traffic."""

from headway.decide.rollout.machine import Event
from headway.decide.rollout.strategy import Sight
from headway.evidence.weights import Split
from headway.spec.rollout import Rollout

__all__ = ["REST", "SPLIT", "event", "stages"]

SPLIT: Split = "answers"
REST = ""


def stages(wish: Rollout) -> tuple[float, ...]:  # noqa: ARG001 - the same for every wish
    """None."""
    return ()


def event(sight: Sight | None) -> tuple[Event, str] | None:  # noqa: ARG001 - nothing is looked at
    """As soon as the candidate is ready."""
    return "safe", "released directly, as the spec asks"
