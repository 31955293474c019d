"""Drift of live traffic: raised by size and significance in several windows, cleared again, and quiet otherwise."""

import msgspec
import numpy as np
import pytest
from msgspec import structs

from headway.decide.monitor.confirm import confirmed, passed_limit
from headway.decide.monitor.drift import judge_drift, scores
from headway.decide.monitor.limits import judge_errors, judge_latency
from headway.decide.rules import RULES
from headway.evidence.summary import ColumnSummary, Summary
from headway.evidence.verdict import Answer, Verdict
from headway.evidence.window import Arm
from headway.spec.monitor import Drift, ErrorLimit, LatencyLimit

WISH = Drift()
SHARES = (0.1, 0.2, 0.3, 0.4)
EDGES = (1.0, 2.0, 3.0)


def summary(*shares: tuple[float, ...], rows: int = 1000, source: np.random.Generator | None = None) -> Summary:
    columns = []
    for at, share in enumerate(shares):
        drawn = source.multinomial(rows, share).tolist() if source else [round(rows * part) for part in share]
        columns.append(ColumnSummary(name=f"c{at}", edges=EDGES, counts=tuple(drawn)))
    return Summary(rows=rows, columns=tuple(columns))


REFERENCE = summary(SHARES, SHARES, rows=50_000)
QUIET = summary(SHARES, SHARES)
MOVED = summary(SHARES, SHARES[::-1])


def test_one_window_raises_nothing_the_second_does_and_quiet_ones_clear() -> None:
    history: list[bool] = []
    answers = []
    for window in (QUIET, MOVED, MOVED, QUIET, QUIET, QUIET):
        verdict = judge_drift(REFERENCE, window, WISH, history)
        history.append(passed_limit(verdict))
        answers.append(verdict.answer)
    undecided = Answer.UNDECIDED
    assert answers == [Answer.PASS, undecided, Answer.FAIL, Answer.FAIL, undecided, Answer.PASS]


def test_a_raised_alarm_names_the_columns_and_their_scores() -> None:
    verdict = judge_drift(REFERENCE, MOVED, WISH, [True])
    assert "c1" in verdict.why
    assert "c0" not in verdict.why
    assert verdict.numbers["score of c1"] == pytest.approx(scores(REFERENCE, MOVED)["c1"])


def test_a_significant_but_small_change_is_no_drift() -> None:
    nearly = summary((0.11, 0.2, 0.3, 0.39), rows=100_000)
    verdict = judge_drift(summary(SHARES, rows=100_000), nearly, WISH, [])
    assert verdict.numbers["p"] < 1e-6
    assert verdict.answer is Answer.PASS


def test_a_large_but_insignificant_change_is_no_drift() -> None:
    few = Summary(rows=1000, columns=(ColumnSummary(name="c0", edges=EDGES, counts=(4, 2, 2, 2), missing=0),))
    verdict = judge_drift(summary(SHARES, rows=50_000), few, WISH, [])
    assert not passed_limit(verdict)


def test_too_few_rows_or_no_comparable_column_are_undecided() -> None:
    assert judge_drift(REFERENCE, summary(SHARES[::-1], SHARES, rows=999), WISH, [True]).answer is Answer.UNDECIDED
    other = structs.replace(MOVED, columns=tuple(structs.replace(c, edges=(7.0, 8.0, 9.0)) for c in MOVED.columns))
    assert judge_drift(REFERENCE, other, WISH, [True]).answer is Answer.UNDECIDED


def test_missing_values_and_unseen_levels_count() -> None:
    levels = ColumnSummary(name="carrier", levels=("AA", "UA"), counts=(500, 500))
    reference = Summary(rows=1000, columns=(levels,))
    for moved in (
        structs.replace(levels, counts=(400, 400), missing=200),
        structs.replace(levels, counts=(450, 450), other=100),
    ):
        window = Summary(rows=1000, columns=(moved,))
        assert passed_limit(judge_drift(reference, window, WISH, []))


def test_a_quarter_of_quiet_hours_over_25_columns_raises_at_most_one_alarm() -> None:
    source = np.random.default_rng(7)
    shares = [tuple(source.dirichlet(np.full(4, 2.0))) for _ in range(25)]
    reference = summary(*shares, rows=5000, source=source)
    history: list[bool] = []
    alarms = 0
    for _ in range(91 * 24):
        verdict = judge_drift(reference, summary(*shares, source=source), WISH, history[-2:])
        alarms += verdict.answer is Answer.FAIL
        history.append(passed_limit(verdict))
    assert alarms == 0
    # Without the limit on the size of the effect, significance and confirmation alone would have to hold the target.
    assert sum(history) / len(history) < 0.01


def test_an_alarm_needs_two_of_the_last_three_windows() -> None:
    assert confirmed([True, False], now=True) is Answer.FAIL
    assert confirmed([True, False, False], now=True) is Answer.UNDECIDED


def test_errors_raise_an_alarm_only_when_the_share_is_beyond_doubt() -> None:
    limit = ErrorLimit(at_most=0.05)
    assert judge_errors(Arm(starts=1000, errors=90), limit, [True]).answer is Answer.FAIL
    assert judge_errors(Arm(starts=1000, errors=55), limit, []).answer is Answer.PASS
    assert judge_errors(Arm(starts=50, errors=50), limit, [True]).answer is Answer.UNDECIDED


def test_latency_raises_an_alarm_when_more_than_a_twentieth_is_beyond_the_limit() -> None:
    limit, edges = LatencyLimit(p95_at_most=0.1), (50.0, 100.0, 125.0)
    slow = Arm(starts=1000, slower=(500, 90, 80))
    assert judge_latency(slow, edges, limit, [True]).answer is Answer.FAIL
    assert judge_latency(Arm(starts=1000, slower=(500, 20, 0)), edges, limit, []).answer is Answer.PASS
    assert judge_latency(slow, edges, LatencyLimit(p95_at_most=9.0), [True]).answer is Answer.UNDECIDED


def test_every_verdict_of_a_monitor_is_recomputed_from_its_record() -> None:
    for verdict in (
        judge_drift(REFERENCE, MOVED, WISH, [True]),
        judge_errors(Arm(starts=1000, errors=90), ErrorLimit(at_most=0.05), [False, True]),
    ):
        kept = msgspec.json.decode(msgspec.json.encode(verdict), type=Verdict)
        assert RULES[kept.rule](kept.inputs) == verdict
