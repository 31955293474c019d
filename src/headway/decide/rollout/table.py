"""Strategy -> its module."""

from collections.abc import Mapping

from headway.decide.rollout import ab, blue_green, canary, direct, shadow
from headway.decide.rollout.strategy import Strategy

__all__ = ["STRATEGIES"]

STRATEGIES: Mapping[str, Strategy] = {
    "canary": canary,
    "blue-green": blue_green,
    "ab": ab,
    "shadow": shadow,
    "direct": direct,
}
