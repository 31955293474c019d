"""Rules for gates: metrics that a task has, bounds that are there and can be reached, and one that can fail."""

from collections.abc import Iterator, Sequence
from math import inf, isinf

from headway.spec.convert import nearest
from headway.spec.finding import Finding, Place, error, warning
from headway.spec.gate import METRICS, Gate, LatencyGate, MetricGate, SignatureGate
from headway.spec.model import Task
from headway.spec.yaml import excerpt

__all__ = ["applies", "gate", "together"]

# Metric -> the least and the greatest value that a model can have.
_RANGES = {
    "log_loss": (0.0, inf), "mae": (0.0, inf), "rmse": (0.0, inf), "r2": (-inf, 1.0),
}  # fmt: skip
_COMPARISONS = ("worse_by_at_most", "better_by_at_least", "ratio_at_least")


def gate(asked: Gate, task: Task | None, at: Place) -> Iterator[Finding]:
    """What is wrong with one gate; `task` is None for a gate of a policy, which serves models of several tasks."""
    match asked:
        case MetricGate():
            yield from _metric(asked, task, at)
        case LatencyGate():
            yield from _latency(asked, at)
        case SignatureGate():
            return


def together(asked: Sequence[tuple[Gate, Place]], task: Task, at: Place) -> Iterator[Finding]:
    """What is wrong with all gates of a model, those of policies among them, each with its place."""
    if not asked:
        why = "No checks is not a pass: a version without a gate is never released."
        yield error("E200", "no gate", at, why=why, do="Add one, such as `{metric: auc, at_least: 0.7}`.")
        return
    if not any(_is_absolute(each) for each, _ in asked):
        why = "Comparisons do not apply while nothing is live, so the first version could never pass."
        yield error("E206", "no absolute gate", at, why=why, do="Add one, such as `{metric: auc, at_least: 0.7}`.")
    metrics = [(each, place) for each, place in asked if isinstance(each, MetricGate) and _has(task, each.metric)]
    for name in dict.fromkeys(each.metric for each, _ in metrics):
        yield from _reachable([(each, place) for each, place in metrics if each.metric == name], name, at)


def applies(gate: Gate, task: Task) -> bool:
    """Does a gate of a policy say anything of a model with this task?"""
    return not isinstance(gate, MetricGate) or _has(task, gate.metric)


def _is_absolute(gate: Gate) -> bool:
    return isinstance(gate, LatencyGate) or (isinstance(gate, MetricGate) and not gate.versus)


def _metric(asked: MetricGate, task: Task | None, at: Place) -> Iterator[Finding]:
    name = excerpt(asked.metric)
    if asked.metric not in METRICS or (task and not _has(task, asked.metric)):
        fitting = [each for each, (tasks, _) in METRICS.items() if task is None or task.kind in tasks]
        why = f"{'A task' if task is None else task.kind.capitalize()} has {', '.join(fitting)}."
        yield error("E201", f"no metric '{name}'", at, why=why + nearest(name, fitting), do="Name one of these.")
        return
    named = [each for each in _COMPARISONS if getattr(asked, each) is not None]
    bounds = [each for each in ("at_least", "at_most") if getattr(asked, each) is not None]
    if asked.versus and bounds:
        why = f"`{bounds[0]}` compares with a number, `versus: live` with the live version; one gate does one."
        yield error("E203", f"gate '{name}' mixes two questions", at, why=why, do="Write two gates.")
    elif asked.versus and len(named) > 1:
        why = f"It has {' and '.join(named)}, and only one of them would be judged."
        yield error("E203", f"gate '{name}' mixes two questions", at, why=why, do="Write one gate for each.")
    elif named and not asked.versus:
        why = f"`{named[0]}` compares with the live version, and the gate does not say `versus: live`."
        yield error("E203", f"gate '{name}' compares with nothing", at, why=why, do="Add `versus: live`.")
    elif not named and not bounds:
        wanted = " or ".join(_COMPARISONS) if asked.versus else "at_least or at_most"
        why = f"Nothing says what would pass: {wanted} is missing."
        yield error("E202", f"gate '{name}' has no bound", at, why=why, do="Add one.")
    yield from _bounds(asked, at)
    if not 0 < asked.alpha <= 0.5:
        why = f"alpha is the share of equal versions that may pass or fail by luck; {asked.alpha:g} is none."
        yield error("E214", f"gate '{name}' has no level", at, why=why, do="Write `alpha: 5%`.")


def _bounds(asked: MetricGate, at: Place) -> Iterator[Finding]:
    low, high = _range(asked.metric)
    name = asked.metric
    width = high - low
    for text, reached in (
        (f"at least {asked.at_least or 0:g}", asked.at_least is None or asked.at_least <= high),
        (f"at most {asked.at_most or 0:g}", asked.at_most is None or asked.at_most >= low),
        (f"better by {asked.better_by_at_least or 0:g}", (asked.better_by_at_least or 0) < width),
    ):
        if not reached:
            why = f"{name} {_lies(low, high)}, so {text} is never reached."
            yield error("E205", f"gate '{name}' can never pass", at, why=why, do="Ask for what can be reached.")
    for text, empty in (
        (f"at least {asked.at_least or 0:g}", asked.at_least is not None and asked.at_least <= low),
        (f"at most {asked.at_most or 0:g}", asked.at_most is not None and asked.at_most >= high),
        (f"worse by at most {asked.worse_by_at_most or 0:g}", (asked.worse_by_at_most or 0) >= width),
    ):
        if empty:
            why = f"{name} {_lies(low, high)}, so every version is {text}."
            yield warning("E207", f"gate '{name}' can never fail", at, why=why, do="Ask for more, or remove it.")
    for field in _COMPARISONS:
        value = getattr(asked, field)
        if value is not None and (value < 0 or (field == "ratio_at_least" and value == 0)):
            why = f"`{field}` is a distance in the better or worse direction, so it has no sign; {value:g} has."
            yield error("E208", f"gate '{name}' has a negative margin", at, why=why, do="Use the opposite field.")


def _reachable(asked: Sequence[tuple[MetricGate, Place]], name: str, at: Place) -> Iterator[Finding]:
    """Whether what one gate asks of every live version leaves room for what another asks of the next."""
    low, high = _range(name)
    least = max((each.at_least for each, _ in asked if each.at_least is not None), default=low)
    most = min((each.at_most for each, _ in asked if each.at_most is not None), default=high)
    if least > most and low < most and least < high:
        why = f"{name} would have to be at least {least:g} and at most {most:g}."
        yield error("E205", f"gates on '{name}' contradict each other", at, why=why, do="Change one of them.")
    if not METRICS[name][1] or not 0 < least <= high:
        return
    for each, place in asked:
        ratio, better = each.ratio_at_least, each.better_by_at_least
        if ratio is not None and ratio * least > high:
            sought = f"{ratio:g} times {least:g} is {ratio * least:g}"
        elif better is not None and least + better > high:
            sought = f"{least:g} plus {better:g} is {least + better:g}"
        else:
            continue
        why = f"A live version passed `at_least: {least:g}`; {sought}, and {name} ends at {high:g}."
        yield error("E205", f"gate '{name}' can never pass", place, why=why, do="Ask for `worse_by_at_most` instead.")


def _latency(asked: LatencyGate, at: Place) -> Iterator[Finding]:
    for field in ("at_most", "at", "duration"):
        if getattr(asked, field) <= 0:
            why = f"With `{field}: 0` nothing can be measured that passes."
            yield error("E205", f"gate '{asked.latency}' can never pass", at, why=why, do="Write more than 0.")
            return
    share = 1 - int(asked.latency[1:]) / 100
    requests = asked.at * asked.duration
    if requests * share < 1:
        why = (
            f"{requests:.0f} requests are sent ({asked.at:g}/s for {asked.duration:g} s), and the slowest "
            f"{share:.0%} of them are less than one, so the maximum is judged."
        )
        do = "Lengthen `duration:`, or raise `at:`."
        yield warning("E209", f"gate '{asked.latency}' sees too few requests", at, why=why, do=do)


def _has(task: Task, metric: str) -> bool:
    return metric in METRICS and task.kind in METRICS[metric][0]


def _lies(low: float, high: float) -> str:
    if isinf(low) or isinf(high):
        return f"is never below {low:g}" if isinf(high) else f"is never above {high:g}"
    return f"lies between {low:g} and {high:g}"


def _range(metric: str) -> tuple[float, float]:
    return _RANGES.get(metric, (0.0, 1.0))
