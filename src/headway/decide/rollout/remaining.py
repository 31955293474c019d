"""How long a rollout goes on if its candidate is as good as the stable version: an expectation, not a promise."""

import math
from collections.abc import Sequence

from headway.decide.rollout.agreement import agreement_asked
from headway.decide.rollout.prospects import Traffic, outlook
from headway.decide.rollout.strategy import limits, weighed
from headway.decide.rollout.table import STRATEGIES
from headway.evidence.stage import Rollout
from headway.spec.rollout import Rollout as Wish

__all__ = ["remaining_s"]

# The traffic of so many windows back is that of today.
RECENT = 30
# A window in which the weight moves is dropped.
MOVED = 1.0


def remaining_s(rollout: Rollout, wish: Wish) -> float:
    """Seconds until every guardrail has passed the last stage, at the traffic of the last windows.

    Not a number before the first window or where nothing can be expected of a guardrail, as of how alike answers are;
    infinite when one gains nothing.
    """
    strategy, tally = STRATEGIES.get(wish.strategy), rollout.tally
    stages, recent = strategy.stages(wish) if strategy else (), rollout.windows[-RECENT:]
    if tally is None or not stages or not recent or not wish.guardrails or agreement_asked(wish):
        return math.nan
    requests = sum(window.control.starts + window.candidate.starts for window in recent)
    seconds = sum(window.end - window.start for window in recent)
    a_window = requests * wish.window / max(seconds, 1e-9)
    traffic = Traffic(seconds=seconds, arm=tally.control, edges_ms=tally.edges_ms)
    ahead = [[outlook(guardrail, traffic, a_window, weight) for guardrail in wish.guardrails] for weight in stages]
    growths = [[found.safe.mean if found else math.nan for found in each] for each in ahead]
    have = [safety for _, _, safety in weighed(wish.guardrails, tally)]
    return _windows(growths, have, limits(wish, rollout.restarts).safe, rollout.stage) * wish.window


def _windows(growths: Sequence[Sequence[float]], have: Sequence[float], safe: float, stage: int) -> float:
    """Stage after stage, each until the slowest guardrail has what it asks for; meanwhile all gain."""
    total, stages = 0.0, len(growths)
    for at in range(stage, stages):
        asked = safe * (at + 1) / stages
        waits = [_wait(asked - known, grows) for known, grows in zip(have, growths[at], strict=True)]
        if any(math.isnan(wait) for wait in waits):
            return math.nan
        wait = max(1.0, *waits)
        if math.isinf(wait):
            return math.inf
        total += wait + (MOVED if at > stage else 0.0)
        have = [known + wait * grows for known, grows in zip(have, growths[at], strict=True)]
    return total


def _wait(lacks: float, grows: float) -> float:
    if lacks <= 0.0:
        return 0.0
    return math.inf if grows <= 0.0 else lacks / grows
