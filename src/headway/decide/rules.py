"""Every rule by `name/version`, to recompute a recorded verdict with: `RULES[verdict.rule](verdict.inputs)`."""

from collections.abc import Mapping

from headway.decide.conclude import Rule
from headway.decide.gates import judge
from headway.decide.monitor import drift, limits
from headway.decide.rollout import rules as rollout

__all__ = ["RULES"]

RULES: Mapping[str, Rule] = {**judge.RULES, **rollout.RULES, **drift.RULES, **limits.RULES}
