"""Entering an environment: each thing that stands in the way, in its order."""

import pytest
from msgspec import structs

from headway.decide.promotion import Standing, may_enter
from headway.evidence.verdict import Answer, Verdict

PASSED = Verdict(name="auc", rule="metric-absolute/1", inputs={}, answer=Answer.PASS)
FINE = Standing(verdicts=(PASSED,))


def test_a_version_with_its_gates_passed_may_enter() -> None:
    assert may_enter(FINE).answer is Answer.PASS


@pytest.mark.parametrize(
    ("standing", "answer", "why"),
    [
        (Standing(verdicts=None), Answer.UNDECIDED, "not judged"),
        (Standing(verdicts=()), Answer.FAIL, "no gate"),
        (
            Standing(verdicts=(structs.replace(PASSED, answer=Answer.FAIL, why="0.02 off"),)),
            Answer.FAIL,
            "auc: 0.02 off",
        ),
        (structs.replace(FINE, hold="aborted 2.0.0"), Answer.FAIL, "aborted 2.0.0"),
        (structs.replace(FINE, tried=True), Answer.FAIL, "once"),
        (structs.replace(FINE, approval_needed=True), Answer.UNDECIDED, "approval"),
    ],
)
def test_each_obstacle_keeps_it_out_with_its_reason(standing: Standing, answer: Answer, why: str) -> None:
    found = may_enter(standing)
    assert found.answer is answer
    assert why in found.why


def test_a_person_lifts_hold_and_the_single_try_but_neither_gates_nor_approval() -> None:
    asked = structs.replace(FINE, hold="aborted", tried=True, asked=True)
    assert may_enter(asked).answer is Answer.PASS
    assert may_enter(structs.replace(asked, verdicts=None)).answer is Answer.UNDECIDED
    assert may_enter(structs.replace(asked, approval_needed=True)).answer is Answer.UNDECIDED
    assert may_enter(structs.replace(asked, approval_needed=True, approvals=1)).answer is Answer.PASS
