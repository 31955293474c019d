"""Rules for metrics: against a number, against the live version on the same rows, against a constant answer."""

import math
from collections.abc import Mapping

import msgspec
from msgspec import Struct

from headway.decide.conclude import Rule, conclude
from headway.evidence.measurement import Metric, Paired
from headway.evidence.verdict import Answer, Inputs, Verdict
from headway.stats.intervals import Interval, wald_bounds
from headway.stats.resample import resampled_bounds
from headway.stats.spending import spent

__all__ = ["RULES", "Absolute", "Constant", "Versus"]


class Absolute(Struct, frozen=True, kw_only=True):
    """Inputs of `metric-absolute/1`; `applies` says whether the model's task has the metric."""

    name: str
    metric: str
    applies: bool
    at_least: float | None
    at_most: float | None
    measured: Metric | None


def metric_absolute_1(inputs: Inputs) -> Verdict:
    """Compare the point with the bound; the interval is shown, not judged."""
    seen = msgspec.convert(inputs, Absolute)
    if not seen.applies:
        return conclude("metric-absolute/1", seen, Answer.NOT_APPLICABLE, why=f"the task has no {seen.metric}")
    if seen.measured is None or seen.measured.rows == 0:
        why = (
            f"{seen.metric} has no value on these test rows; rows of every class would decide it, and a model that "
            "gives probabilities where the metric takes them"
        )
        return conclude("metric-absolute/1", seen, Answer.UNDECIDED, why=why)
    point = seen.measured.point
    short = _short_of(point, seen.at_least, seen.at_most)
    numbers = {"point": point, "short": short}
    bounds = " and ".join(
        f"{word} {bound:g}"
        for word, bound in (("at least", seen.at_least), ("at most", seen.at_most))
        if bound is not None
    )
    found = f"{seen.metric} is {point:.4f} ({seen.measured.low:.4f} to {seen.measured.high:.4f})"
    if short > 0:
        why = f"{found} on {seen.measured.rows:,} rows, {short:.4f} off; it would have passed with {bounds}"
        return conclude("metric-absolute/1", seen, Answer.FAIL, numbers=numbers, why=why)
    return conclude("metric-absolute/1", seen, Answer.PASS, numbers=numbers, why=f"{found}: {bounds}")


def _short_of(point: float, at_least: float | None, at_most: float | None) -> float:
    below = at_least - point if at_least is not None else 0.0
    above = point - at_most if at_most is not None else 0.0
    return max(below, above, 0.0)


class Constant(Struct, frozen=True, kw_only=True):
    """Inputs of `better-than-constant/1`."""

    name: str
    more_is_better: bool
    measured: Metric | None


def better_than_constant_1(inputs: Inputs) -> Verdict:
    """Pass when the model scores better than the best answer that is the same for every row."""
    seen = msgspec.convert(inputs, Constant)
    metric = seen.measured
    if metric is None or metric.constant is None:
        why = "no constant answer was scored by this metric"
        return conclude("better-than-constant/1", seen, Answer.NOT_APPLICABLE, why=why)
    gain = metric.point - metric.constant if seen.more_is_better else metric.constant - metric.point
    numbers = {"point": metric.point, "constant": metric.constant, "gain": gain}
    if gain <= 0:
        why = (
            f"{metric.name} is {metric.point:.4f}, and answering the same for every row scores {metric.constant:.4f}: "
            "the model has learnt nothing that this metric can see. It would have passed with anything better"
        )
        return conclude("better-than-constant/1", seen, Answer.FAIL, numbers=numbers, why=why)
    why = f"{metric.name} is {gain:.4f} better than a constant answer"
    return conclude("better-than-constant/1", seen, Answer.PASS, numbers=numbers, why=why)


class Versus(Struct, frozen=True, kw_only=True):
    """Inputs of `metric-versus/1`: one of three wishes, the paired statistics, and which use of the test set this is.

    `live` is the live version's number, empty when there is none.
    """

    name: str
    metric: str
    applies: bool
    more_is_better: bool
    worse_by_at_most: float | None
    better_by_at_least: float | None
    ratio_at_least: float | None
    alpha: float
    use: int
    live: str
    paired: Paired | None


# Below so many independent units a bound is not trusted: normal approximations and resampling promise nothing there.
LEAST = {"wald": 2, "delong": 10, "resample": 10}


def metric_versus_1(inputs: Inputs) -> Verdict:
    """Pass or fail when the one-sided bound at the level spent on this use lies beyond the line; else undecided."""
    seen = msgspec.convert(inputs, Versus)
    if not (seen.applies and seen.live):
        why = "there is no live version to compare with" if seen.applies else f"the task has no {seen.metric}"
        return conclude("metric-versus/1", seen, Answer.NOT_APPLICABLE, why=why)
    if seen.paired is None:
        why = (
            f"{seen.metric} was not compared with the live {seen.live} on the same rows; with the bytes of {seen.live} "
            "in the store it would be"
        )
        return conclude("metric-versus/1", seen, Answer.UNDECIDED, why=why)
    units = _units(seen.paired)
    if units < LEAST[seen.paired.method]:
        why = f"{units:g} independent test units are too few to compare with {seen.live}; at least 10 are needed"
        return conclude("metric-versus/1", seen, Answer.UNDECIDED, numbers={"units": units}, why=why)
    ratio = seen.ratio_at_least is not None
    if ratio and "ratio_difference" not in seen.paired.statistics:
        why = f"the ratio of {seen.metric} to that of {seen.live} was not measured"
        return conclude("metric-versus/1", seen, Answer.UNDECIDED, why=why)
    level = spent(seen.alpha, max(1, seen.use))
    gain = _gain(seen.paired, level, ratio=ratio, more_is_better=seen.more_is_better)
    line = _line(seen)
    numbers = {"gain": gain.point, "low": gain.low, "high": gain.high, "line": line, "level": level}
    answer = Answer.PASS if gain.low >= line else Answer.FAIL if gain.high < line else Answer.UNDECIDED
    return conclude("metric-versus/1", seen, answer, numbers=numbers, why=_versus_why(seen, gain, line, answer))


def _line(seen: Versus) -> float:
    """What the gain over the live version must not fall below."""
    if seen.ratio_at_least is not None:
        return 0.0
    if seen.better_by_at_least is not None:
        return seen.better_by_at_least
    return -(seen.worse_by_at_most or 0.0)


def _units(paired: Paired) -> float:
    found = paired.statistics
    return min(found.get(name, math.inf) for name in ("n", "n_positive", "n_negative")) if "n" in found else 0.0


def _gain(paired: Paired, level: float, *, ratio: bool, more_is_better: bool) -> Interval:
    """How much better the candidate is, each end at the level: candidate - live, turned round where less is better."""
    prefix = "ratio_" if ratio else ""
    found = paired.statistics
    if paired.method == "resample":
        bounds = resampled_bounds(found, alpha=level, prefix=prefix)
    else:
        degrees = max(1.0, found["n"] - 1.0)
        bounds = wald_bounds(found[f"{prefix}difference"], found[f"{prefix}variance"], alpha=level, degrees=degrees)
    return bounds if more_is_better else Interval(point=-bounds.point, low=-bounds.high, high=-bounds.low)


def _versus_why(seen: Versus, gain: Interval, line: float, answer: Answer) -> str:
    paired = seen.paired
    if paired is None:
        return ""
    asked = (
        f"{seen.ratio_at_least:g} times that of {seen.live}"
        if seen.ratio_at_least is not None
        else f"better than {seen.live} by {line:g}" if line > 0 else f"at most {-line:g} worse than {seen.live}"
    )  # fmt: skip
    found = (
        f"{seen.metric} is {paired.candidate:.4f} against {paired.live:.4f}, a gain of {gain.point:+.4f} "
        f"({gain.low:+.4f} to {gain.high:+.4f}) on {paired.rows:,} rows, use {max(1, seen.use)} of this test set"
    )
    if answer is Answer.FAIL:
        cure = f"is missed by {line - gain.high:.4f} beyond doubt. It would have passed with all of it above {line:+g}"
        return f"{found}; {asked} is asked for and {cure}"
    if answer is Answer.UNDECIDED:
        return f"{found}; {asked} is asked for, and {line:+g} lies inside: more test rows would decide"
    return f"{found}: {asked}"


RULES: Mapping[str, Rule] = {
    "better-than-constant/1": better_than_constant_1,
    "metric-absolute/1": metric_absolute_1,
    "metric-versus/1": metric_versus_1,
}
