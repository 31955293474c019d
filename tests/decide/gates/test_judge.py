"""Gates: what passes, what is refused and with which words, what stays undecided."""

import msgspec
import pytest
from msgspec import structs

from headway.decide.gates.judge import judge, passed, refusal
from headway.decide.rules import RULES
from headway.evidence.bundle import Column, Signature
from headway.evidence.measurement import (
    ColumnFacts,
    DataFacts,
    LatencyFacts,
    Measurement,
    Metric,
    Paired,
    ScanFacts,
)
from headway.evidence.verdict import Answer, Verdict
from headway.spec.data import Data, Expect, Rows
from headway.spec.gate import Gate, LatencyGate, MetricGate, SignatureGate
from headway.spec.model import Task
from headway.spec.release import Served

TASK = Task(kind="classification", label="late")
LIVE = Served(version="1.0.0", bundle="a")
AUC = MetricGate(metric="auc", at_least=0.70)
NOT_WORSE = MetricGate(metric="auc", versus="live", worse_by_at_most=0.005)


def auc(point: float = 0.75) -> Metric:
    return Metric(
        name="auc",
        point=point,
        low=point - 0.01,
        high=point + 0.01,
        rows=5000,
        units=5000,
        method="delong",
        constant=0.5,
    )


def column(name: str = "distance", **facts: object) -> ColumnFacts:
    return msgspec.convert(
        {"name": name, "type": "number", "rows": 100, "nulls": 0, "distinct": 90, "low": 80.0, "high": 900.0} | facts,
        ColumnFacts,
    )


def paired(difference: float, *, spread: float = 0.002, n: float = 5000, **more: float) -> Paired:
    statistics = {"difference": difference, "variance": spread**2, "n": n, "n_positive": n / 2, "n_negative": n / 2}
    return Paired(
        name="auc",
        candidate=0.75 + difference,
        live=0.75,
        live_version="1.0.0",
        rows=5000,
        units=int(n),
        method="delong",
        statistics=statistics | more,
    )


GOOD = Measurement(
    bundle="b",
    test="t",
    metrics=(auc(),),
    data=DataFacts(train=(column(),), test=(column(),), train_rows=1000, test_rows=100, leaked_rows=0),
    scans=(ScanFacts(file="model.joblib", sha256="0" * 64, refused=()),),
)


def verdicts(
    *gates: Gate,
    measured: Measurement = GOOD,
    live: Served | None = None,
    data: Data = Data(),  # noqa: B008 - a frozen record
    use: int = 1,
) -> dict[str, Verdict]:
    return {found.name: found for found in judge(gates, TASK, data, measured, live, use)}


def test_a_version_that_holds_all_its_gates_passes() -> None:
    assert passed(tuple(verdicts(AUC).values()))


def test_no_verdicts_are_not_a_pass() -> None:
    assert not passed(())


def test_an_empty_gate_list_refuses() -> None:
    found = verdicts()
    assert found["gates"].answer is Answer.UNDECIDED
    assert not passed(tuple(found.values()))


def test_a_first_version_that_is_only_compared_with_nothing_refuses() -> None:
    found = verdicts(NOT_WORSE, SignatureGate(signature="compatible"))
    assert found["auc versus live"].answer is Answer.NOT_APPLICABLE
    assert found["gates"].answer is Answer.UNDECIDED
    assert not passed(tuple(found.values()))
    assert passed(tuple(verdicts(AUC, NOT_WORSE).values()))


def test_not_applicable_needs_a_reason() -> None:
    given = Verdict(name="a", rule="a/1", inputs={}, answer=Answer.PASS)
    assert passed([given, structs.replace(given, answer=Answer.NOT_APPLICABLE, why="no live version")])
    assert not passed([given, structs.replace(given, answer=Answer.NOT_APPLICABLE)])
    assert not passed([structs.replace(given, answer=Answer.NOT_APPLICABLE, why="no live version")])
    assert not passed([given, structs.replace(given, answer=Answer.UNDECIDED, why="no data")])


def test_a_refusal_says_by_how_much_and_what_would_have_passed() -> None:
    found = verdicts(AUC, measured=structs.replace(GOOD, metrics=(auc(0.68),)))["auc at least 0.7"]
    assert found.answer is Answer.FAIL
    assert found.numbers["short"] == pytest.approx(0.02)
    assert "0.6800 (0.6700 to 0.6900)" in found.why
    assert "0.0200 off" in found.why
    assert "it would have passed with at least 0.7" in found.why


def test_an_absolute_gate_compares_the_point_and_not_the_interval() -> None:
    found = verdicts(AUC, measured=structs.replace(GOOD, metrics=(auc(0.7001),)))
    assert found["auc at least 0.7"].answer is Answer.PASS


def test_a_metric_that_nobody_measured_is_undecided() -> None:
    found = verdicts(AUC, measured=structs.replace(GOOD, metrics=()))["auc at least 0.7"]
    assert found.answer is Answer.UNDECIDED


def test_a_model_no_better_than_a_constant_is_refused() -> None:
    coin = structs.replace(auc(0.499), constant=0.5)
    found = verdicts(MetricGate(metric="auc", at_least=0.4), measured=structs.replace(GOOD, metrics=(coin,)))
    assert found["auc against a constant"].answer is Answer.FAIL
    loss = Metric(name="log_loss", point=0.6, low=0.5, high=0.7, rows=9, units=9, method="resample", constant=0.65)
    found = verdicts(MetricGate(metric="log_loss", at_most=0.7), measured=structs.replace(GOOD, metrics=(loss,)))
    assert found["log_loss against a constant"].answer is Answer.PASS


def test_a_gate_of_a_policy_on_a_metric_that_the_task_lacks_does_not_apply_and_does_not_count() -> None:
    found = verdicts(MetricGate(metric="rmse", at_most=3.0))
    assert found["rmse at most 3"].answer is Answer.NOT_APPLICABLE
    assert not passed(tuple(found.values()))


@pytest.mark.parametrize(
    ("difference", "spread", "answer"),
    [(0.0, 0.001, Answer.PASS), (-0.02, 0.001, Answer.FAIL), (0.0, 0.01, Answer.UNDECIDED)],
)
def test_a_comparison_decides_only_when_its_interval_lies_on_one_side(
    difference: float, spread: float, answer: Answer
) -> None:
    measured = structs.replace(GOOD, paired=(paired(difference, spread=spread),))
    found = verdicts(AUC, NOT_WORSE, measured=measured, live=LIVE)
    assert found["auc versus live"].answer is answer
    assert passed(tuple(found.values())) is (answer is Answer.PASS)


def test_later_uses_of_a_test_set_need_stronger_evidence() -> None:
    measured = structs.replace(GOOD, paired=(paired(0.0, spread=0.0023),))
    answers = [verdicts(NOT_WORSE, measured=measured, live=LIVE, use=use)["auc versus live"] for use in (1, 2, 50)]
    assert [found.answer for found in answers] == [Answer.PASS, Answer.UNDECIDED, Answer.UNDECIDED]
    assert answers[0].numbers["level"] == pytest.approx(0.025)
    assert answers[2].numbers["level"] == pytest.approx(0.05 / 2550)


def test_less_is_better_turns_the_comparison_round() -> None:
    gate = MetricGate(metric="log_loss", versus="live", worse_by_at_most=0.01)
    loss = structs.replace(paired(0.05), name="log_loss", method="wald")
    found = verdicts(gate, measured=structs.replace(GOOD, paired=(loss,)), live=LIVE)["log_loss versus live"]
    assert found.answer is Answer.FAIL
    better = structs.replace(paired(-0.05), name="log_loss", method="wald")
    found = verdicts(gate, measured=structs.replace(GOOD, paired=(better,)), live=LIVE)["log_loss versus live"]
    assert found.answer is Answer.PASS


def test_a_ratio_is_judged_by_its_own_statistics() -> None:
    gate = MetricGate(metric="auc", versus="live", ratio_at_least=1.01)
    found = verdicts(gate, measured=structs.replace(GOOD, paired=(paired(0.02),)), live=LIVE)["auc versus live"]
    assert found.answer is Answer.UNDECIDED
    measured = structs.replace(
        GOOD, paired=(paired(0.02, ratio=1.01, ratio_difference=0.0125, ratio_variance=0.002**2),)
    )
    assert verdicts(gate, measured=measured, live=LIVE)["auc versus live"].answer is Answer.PASS


def test_a_comparison_with_another_live_version_or_too_few_units_is_undecided() -> None:
    elsewhere = structs.replace(paired(0.1), live_version="0.9.0")
    few = paired(0.1, n=12)
    for one in (elsewhere, few):
        found = verdicts(NOT_WORSE, measured=structs.replace(GOOD, paired=(one,)), live=LIVE)["auc versus live"]
        assert found.answer is Answer.UNDECIDED


def latency(**facts: object) -> Measurement:
    run = {"offered": 100.0, "answered": 99.0, "requests": 300, "failures": 0, "quantiles": {"p95": 0.010}} | facts
    return structs.replace(GOOD, latency=(msgspec.convert(run, LatencyFacts),))


@pytest.mark.parametrize(
    ("measured", "answer"),
    [
        (latency(), Answer.PASS),
        (latency(quantiles={"p95": 0.020}), Answer.FAIL),
        (latency(failures=1), Answer.FAIL),
        (latency(offered=60.0), Answer.UNDECIDED),
        (latency(answered=60.0), Answer.UNDECIDED),
        (latency(answered=60.0, quantiles={"p95": 0.020}), Answer.FAIL),
        (latency(requests=0), Answer.UNDECIDED),
        (GOOD, Answer.UNDECIDED),
    ],
)
def test_latency_counts_only_at_the_load_that_was_asked_for(measured: Measurement, answer: Answer) -> None:
    found = verdicts(LatencyGate(latency="p95", at_most=0.015, at=100.0), measured=measured)
    assert found["latency p95 at 100/s"].answer is answer


def test_a_model_file_with_a_refused_type_fails_its_scan_and_one_never_scanned_is_undecided() -> None:
    bad = ScanFacts(file="model.joblib", sha256="0" * 64, refused=("os.system",))
    found = verdicts(AUC, measured=structs.replace(GOOD, scans=(bad,)))
    assert found["scan"].answer is Answer.FAIL
    assert "os.system" in found["scan"].why
    assert verdicts(AUC, measured=structs.replace(GOOD, scans=()))["scan"].answer is Answer.UNDECIDED


def test_rows_without_an_answer_fail_and_so_does_a_version_that_cannot_be_measured() -> None:
    assert verdicts(AUC, measured=structs.replace(GOOD, unscored_rows=3))["answers"].answer is Answer.FAIL
    found = verdicts(AUC, measured=structs.replace(GOOD, failed="no module named foo"))["answers"]
    assert found.answer is Answer.FAIL
    assert "no module named foo" in found.why


def test_a_signature_that_refuses_yesterdays_requests_fails_unless_any_is_allowed() -> None:
    old = Signature(inputs=(Column(name="a", type="int64"),), outputs=())
    new = Signature(inputs=(Column(name="a", type="int64"), Column(name="b", type="bool")), outputs=())
    measured = structs.replace(GOOD, signature=new, live_signature=old)
    compatible, anything = SignatureGate(signature="compatible"), SignatureGate(signature="any")
    found = verdicts(compatible, measured=measured, live=LIVE)["signature"]
    assert found.answer is Answer.FAIL
    assert "'b'" in found.why
    assert verdicts(anything, measured=measured, live=LIVE)["signature"].answer is Answer.PASS
    assert verdicts(compatible, live=LIVE)["signature"].answer is Answer.UNDECIDED
    same = structs.replace(measured, signature=old)
    assert verdicts(compatible, measured=same, live=LIVE)["signature"].answer is Answer.PASS


@pytest.mark.parametrize(
    ("wish", "facts", "fault"),
    [
        (Expect(type="number"), {"type": "string"}, "is string"),
        (Expect(between=(100, 5000)), {}, "least value"),
        (Expect(between=(0, 500)), {}, "greatest value"),
        (Expect(between=(0, 500)), {"low": None, "high": None}, "no numbers"),
        (Expect(nulls_at_most=0.01), {"nulls": 2}, "2.00%"),
        (Expect(categories="train"), {"unseen": ["XX"], "unseen_rows": 4}, "XX"),
        (Expect(unique=True), {"distinct": 99}, "repeat"),
    ],
)
def test_each_expectation_of_a_column_can_fail(wish: Expect, facts: dict[str, object], fault: str) -> None:
    assert GOOD.data is not None
    data = structs.replace(GOOD.data, test=(column(**facts),))
    found = verdicts(AUC, measured=structs.replace(GOOD, data=data), data=Data(expect={"distance": wish}))[
        "expect distance"
    ]
    assert found.answer is Answer.FAIL
    assert fault in found.why


def test_an_expected_column_that_holds_passes_and_one_that_is_missing_fails() -> None:
    wish = Expect(type="number", between=(80, 5000), nulls_at_most=0.0)
    integers = structs.replace(GOOD, data=structs.replace(GOOD.data, train=(column(type="integer"),)))  # type: ignore[type-var]
    found = verdicts(AUC, measured=integers, data=Data(expect={"distance": wish, "gone": wish}))
    assert found["expect distance"].answer is Answer.PASS
    assert found["expect gone"].answer is Answer.FAIL


def test_too_few_rows_and_leaked_rows_fail_and_unknown_data_are_undecided() -> None:
    asks = Data(rows=Rows(train_at_least=5000), expect={"distance": Expect()})
    assert verdicts(AUC, data=asks)["rows"].answer is Answer.FAIL
    assert GOOD.data is not None
    leaky = structs.replace(GOOD, data=structs.replace(GOOD.data, leaked_rows=2))
    assert verdicts(AUC, measured=leaky)["leakage"].answer is Answer.FAIL
    assert verdicts(AUC, measured=leaky, data=Data(rows=Rows(leaked_at_most=0.05)))["leakage"].answer is Answer.PASS
    blind = verdicts(AUC, measured=structs.replace(GOOD, data=None), data=asks)
    assert {blind[name].answer for name in ("rows", "leakage", "expect distance")} == {Answer.UNDECIDED}


def test_every_verdict_is_recomputed_from_its_record() -> None:
    gates = (AUC, NOT_WORSE, LatencyGate(latency="p95", at_most=0.015), SignatureGate(signature="compatible"))
    measured = structs.replace(latency(), paired=(paired(-0.004),))
    for found in judge(gates, TASK, Data(expect={"distance": Expect(unique=True)}), measured, LIVE, 3):
        kept = msgspec.json.decode(msgspec.json.encode(found), type=Verdict)
        assert RULES[kept.rule](kept.inputs) == found


def test_a_refusal_names_each_gate_and_what_would_have_passed() -> None:
    measured = structs.replace(GOOD, metrics=(auc(0.65),), unscored_rows=3)
    said = refusal(judge((AUC,), TASK, Data(), measured, None, 1))
    assert "answers: 3 of " in said
    assert "auc at least 0.7: auc is 0.6500" in said
    assert "0.0500 off; it would have passed with at least 0.7" in said
    assert "scan" not in said


def test_what_is_undecided_says_what_would_decide_it() -> None:
    blind = structs.replace(GOOD, metrics=(), paired=())
    said = refusal(judge((AUC, NOT_WORSE), TASK, Data(), blind, LIVE, 1))
    assert "rows of every class would decide it" in said
    assert "with the bytes of 1.0.0 in the store it would be" in said
