"""The strategy `blue-green`: one phase with half of the traffic, then the switch.

After a switch no control is left to compare with, and before-against-after carries no guarantee (statistics chapter,
2.6); so the switch is bought beside a control.
"""

from headway.decide.rollout.canary import event
from headway.evidence.weights import Split
from headway.spec.rollout import Rollout

__all__ = ["REST", "SPLIT", "event", "stages"]

SPLIT: Split = "answers"
REST = "what is seen after the switch is descriptive"


def stages(wish: Rollout) -> tuple[float, ...]:  # noqa: ARG001 - the same for every wish
    """One, at half."""
    return (50.0,)
