"""Limits on what serves: the share of failed requests, and the 95th percentile of latency.  Judges window by window."""

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Struct

from headway.decide.conclude import Rule, conclude, inputs_of
from headway.decide.monitor.confirm import PASSED, confirmed
from headway.evidence.verdict import Answer, Inputs, Verdict
from headway.evidence.window import Arm
from headway.spec.monitor import ErrorLimit, LatencyLimit
from headway.stats.intervals import wilson

__all__ = ["RULES", "Limit", "judge_errors", "judge_latency"]

LEAST_REQUESTS = 100
# Two-sided, so each end alone is wrong in 1 % of windows; two of three windows make an alarm.
ALPHA = 0.02


class Limit(Struct, frozen=True, kw_only=True):
    """Inputs of `share/1`: bad requests of all, the share that may be bad, and whether earlier windows passed it."""

    name: str
    bad: int
    of: int
    at_most: float
    history: tuple[bool, ...]


def judge_errors(arm: Arm, limit: ErrorLimit, history: Sequence[bool]) -> Verdict:
    """Are more requests failing than may?  `history` holds `confirm.passed_limit` of the windows before."""
    return _judge("errors", arm.errors, arm.starts, limit.at_most, history)


def judge_latency(arm: Arm, edges_ms: Sequence[float], limit: LatencyLimit, history: Sequence[bool]) -> Verdict:
    """Is the 95th percentile over its limit: do more than 5 % take longer than the first edge at or above it?"""
    beyond = [at for at, edge in enumerate(edges_ms) if edge >= limit.p95_at_most * 1000.0 * (1.0 - 1e-9)]
    known = bool(beyond) and len(arm.slower) == len(edges_ms)
    return _judge("latency p95", arm.slower[beyond[0]] if known else 0, arm.starts if known else 0, 0.05, history)


def _judge(name: str, bad: int, of: int, at_most: float, history: Sequence[bool]) -> Verdict:
    seen = Limit(name=name, bad=bad, of=max(of, bad), at_most=at_most, history=tuple(history)[-2:])
    return share_1(inputs_of(seen))


def share_1(inputs: Inputs) -> Verdict:
    """A window passes its limit when even the lower end of the share's interval does; two of three windows alarm."""
    seen = msgspec.convert(inputs, Limit)
    if seen.of < LEAST_REQUESTS:
        why = f"{seen.of:,} requests were seen; {LEAST_REQUESTS} are needed"
        return conclude("share/1", seen, Answer.UNDECIDED, why=why)
    share = wilson(seen.bad, seen.of, alpha=ALPHA)
    passed = share.low > seen.at_most
    answer = confirmed(seen.history, now=passed)
    numbers = {"share": share.point, "low": share.low, "high": share.high, PASSED: float(passed)}
    why = f"{share.point:.2%} of {seen.of:,} requests, where at most {seen.at_most:.2%} may be beyond the limit"
    return conclude("share/1", seen, answer, numbers=numbers, why=why)


RULES: Mapping[str, Rule] = {"share/1": share_1}
