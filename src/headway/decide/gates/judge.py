"""Judges a version by all its gates.  Measures nothing, and reads nothing but what it is given."""

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct, structs

from headway.decide.conclude import Rule, inputs_of
from headway.decide.gates import expect, metric, rules
from headway.evidence.measurement import ColumnFacts, LatencyFacts, Measurement, Metric, Paired
from headway.evidence.verdict import Answer, Verdict
from headway.spec.data import Data
from headway.spec.gate import METRICS, Gate, LatencyGate, MetricGate, SignatureGate
from headway.spec.model import Task
from headway.spec.release import Served

__all__ = ["RULES", "judge", "passed", "refusal"]

RULES: Mapping[str, Rule] = {**rules.RULES, **metric.RULES, **expect.RULES}


def judge(
    gates: Sequence[Gate], task: Task, data: Data, measured: Measurement, live: Served | None, use: int
) -> tuple[Verdict, ...]:
    """A verdict for the scan, the answers, the data, and each gate; `use` counts from 1 the uses of this test set.

    `live` is the version that the gates compare with, None while there is none.
    """
    asked = (
        *_first(gates, task, measured, live),
        *_of_data(data, measured),
        *_constants(gates, task, measured),
        *(_of_gate(gate, task, measured, live, use) for gate in gates),
    )
    return tuple(RULES[rule](inputs_of(inputs)) for rule, inputs in asked)


def passed(verdicts: Sequence[Verdict]) -> bool:
    """Does every verdict pass, or not apply with a reason?  An empty list, and one without a pass, do not.

    >>> passed([])
    False
    """
    fine = all(
        verdict.answer is Answer.PASS or (verdict.answer is Answer.NOT_APPLICABLE and bool(verdict.why))
        for verdict in verdicts
    )
    return fine and any(verdict.answer is Answer.PASS for verdict in verdicts)


def refusal(verdicts: Sequence[Verdict]) -> str:
    """Which gates do not pass, by how much, and what would have passed: one paragraph.

    >>> refusal([])
    'no gate passed'
    """
    faults = (found for found in verdicts if found.answer in {Answer.FAIL, Answer.UNDECIDED})
    return ". ".join(f"{found.name}: {found.why}" for found in faults) or "no gate passed"


Asked = tuple[str, Struct]


def _first(gates: Sequence[Gate], task: Task, measured: Measurement, live: Served | None) -> Iterator[Asked]:
    yield "scan/1", rules.Scans(name="scan", scans=measured.scans)
    rows = measured.data.test_rows if measured.data else max((found.rows for found in measured.metrics), default=0)
    yield (
        "scored/1",
        rules.Scored(name="answers", failed=measured.failed, rows=rows, unscored=measured.unscored_rows),
    )
    fitting = [gate for gate in gates if not isinstance(gate, MetricGate) or _has(task, gate.metric)]
    absolute = tuple(_name(gate) for gate in fitting if _is_absolute(gate))
    names = tuple(_name(gate) for gate in fitting)
    yield "asked/1", rules.Asked(name="gates", gates=names, absolute=absolute, live=live is not None)


def _of_data(data: Data, measured: Measurement) -> Iterator[Asked]:
    facts = measured.data
    counts = expect.Counts(
        name="rows",
        wish=data.rows,
        measured=facts is not None,
        train_rows=facts.train_rows if facts else 0,
        test_rows=facts.test_rows if facts else 0,
        leaked_rows=facts.leaked_rows if facts else 0,
    )
    yield "rows/1", counts
    yield "leakage/1", structs.replace(counts, name="leakage")
    train, test = (_by_name(part) for part in ((facts.train, facts.test) if facts else ((), ())))
    for column, wish in sorted(data.expect.items()):
        yield (
            "expect/1",
            expect.Column(
                name=f"expect {column}",
                column=column,
                wish=wish,
                measured=facts is not None,
                train=train.get(column),
                test=test.get(column),
            ),
        )


def _constants(gates: Sequence[Gate], task: Task, measured: Measurement) -> Iterator[Asked]:
    """Once for each metric that a gate names: what a constant answer reaches shows no skill."""
    names = dict.fromkeys(gate.metric for gate in gates if isinstance(gate, MetricGate))
    for name in names:
        if _has(task, name):
            yield (
                "better-than-constant/1",
                metric.Constant(
                    name=f"{name} against a constant",
                    more_is_better=METRICS[name][1],
                    measured=_metric(measured, name),
                ),
            )


def _of_gate(gate: Gate, task: Task, measured: Measurement, live: Served | None, use: int) -> Asked:
    match gate:
        case MetricGate(versus=None):
            return "metric-absolute/1", metric.Absolute(
                name=_name(gate),
                metric=gate.metric,
                applies=_has(task, gate.metric),
                at_least=gate.at_least,
                at_most=gate.at_most,
                measured=_metric(measured, gate.metric),
            )
        case MetricGate():
            return "metric-versus/1", _versus(gate, task, measured, live, use)
        case LatencyGate():
            return "latency/1", rules.Latency(
                name=_name(gate),
                quantile=gate.latency,
                at_most=gate.at_most,
                at=gate.at,
                facts=_latency(measured, gate),
            )
        case SignatureGate():
            return "signature/1", rules.Signatures(
                name=_name(gate),
                wanted=gate.signature,
                candidate=measured.signature,
                live=measured.live_signature,
                live_version=live.version if live else "",
            )


def _versus(gate: MetricGate, task: Task, measured: Measurement, live: Served | None, use: int) -> metric.Versus:
    return metric.Versus(
        name=_name(gate),
        metric=gate.metric,
        applies=_has(task, gate.metric),
        more_is_better=METRICS[gate.metric][1] if gate.metric in METRICS else True,
        worse_by_at_most=gate.worse_by_at_most,
        better_by_at_least=gate.better_by_at_least,
        ratio_at_least=gate.ratio_at_least,
        alpha=gate.alpha,
        use=use,
        live=live.version if live else "",
        paired=_paired(measured, gate, live),
    )


def _name(gate: Gate) -> str:
    match gate:
        case MetricGate(versus=None):
            bounds = [f"at least {gate.at_least:g}"] if gate.at_least is not None else []
            bounds += [f"at most {gate.at_most:g}"] if gate.at_most is not None else []
            return f"{gate.metric} {' and '.join(bounds)}"
        case MetricGate():
            return f"{gate.metric} versus live"
        case LatencyGate():
            return f"latency {gate.latency} at {gate.at:g}/s"
        case SignatureGate():
            return "signature"


def _has(task: Task, metric_name: str) -> bool:
    """A Policy's gates meet models of every task; one on a metric that this task lacks does not apply."""
    return metric_name in METRICS and task.kind in METRICS[metric_name][0]


def _is_absolute(gate: Gate) -> bool:
    return isinstance(gate, LatencyGate) or (isinstance(gate, MetricGate) and gate.versus is None)


def _metric(measured: Measurement, name: str) -> Metric | None:
    return next((found for found in measured.metrics if found.name == name), None)


def _paired(measured: Measurement, gate: MetricGate, live: Served | None) -> Paired | None:
    """The comparison with this live version, by the very ratio that the gate asks for."""
    for found in measured.paired:
        if found.name == gate.metric and live is not None and found.live_version == live.version:
            ratio = found.statistics.get("ratio")
            if gate.ratio_at_least is None or ratio is None or ratio == gate.ratio_at_least:
                return found
    return None


def _latency(measured: Measurement, gate: LatencyGate) -> LatencyFacts | None:
    """The run at the gate's load: the offered rate nearest to it."""
    runs = [run for run in measured.latency if run.requests]
    return min(runs, key=lambda run: abs(run.offered - gate.at), default=None)


def _by_name(columns: Sequence[ColumnFacts]) -> dict[str, ColumnFacts]:
    return {column.name: column for column in columns}
