"""The strategy `blue-green`: one phase with half of the traffic, then the switch.

After a switch no control is left to compare with, and before-against-after carries no guarantee (statistics chapter,
2.6); so the switch is bought beside a control.
"""

from headway.decide.rollout import canary
from headway.decide.rollout.machine import Event
from headway.decide.rollout.strategy import Sight
from headway.spec.rollout import Rollout

__all__ = ["event", "stages"]


def stages(wish: Rollout) -> tuple[float, ...]:  # noqa: ARG001 - the same for every wish
    """One, at half."""
    return (50.0,)


def event(sight: Sight | None) -> tuple[Event, str] | None:
    """As a canary of one stage; the reason says what the evidence does not speak of."""
    drawn = canary.event(sight)
    return (
        ("safe", f"{drawn[1]}; what is seen after the switch is descriptive") if drawn and drawn[0] == "safe" else drawn
    )
