"""Forecasts against what rollouts really take, and the findings for guardrails that cannot decide."""

from statistics import median

import numpy as np
import pytest

from headway.decide.rollout.decision import decide
from headway.decide.rollout.reach import false_aborts, findings, forecast
from headway.evidence.stage import Rollout
from headway.evidence.window import Arm, Window
from headway.spec.finding import Place
from headway.spec.guardrail import ErrorGuardrail, LatencyGuardrail
from headway.spec.release import Served
from headway.spec.rollout import Deadline
from headway.spec.rollout import Rollout as Wish

WISH = Wish(window=1.0)
HERE = Place(file="models/delay/model.yaml")


def seconds(rate: float, control: float, *, per_s: int, source: np.random.Generator) -> tuple[str, int]:
    rollout = Rollout(
        model="m",
        environment="e",
        candidate=Served(version="2", bundle="b"),
        over=Served(version="1", bundle="a"),
        state="running",
        weight=5.0,
        started=0.0,
        deadline=1e9,
        before=Arm(starts=100_000, errors=round(100_000 * control)),
    )
    took = 0
    while rollout.state == "running" and took < 400:
        took += 1
        mine = round(per_s * rollout.weight / 100)
        window = Window(
            start=0.0,
            end=1.0,
            weight=rollout.weight,
            control=Arm(starts=per_s - mine, errors=int(source.binomial(per_s - mine, control))),
            candidate=Arm(starts=mine, errors=int(source.binomial(mine, rate))),
        )
        rollout = decide(rollout, WISH, window, ready=True, now=0.0)
    return rollout.state, took


@pytest.mark.parametrize(("per_s", "control"), [(400, 0.001), (200, 0.0), (400, 0.01)])
def test_the_forecast_is_within_twice_what_rollouts_take(per_s: int, control: float) -> None:
    source = np.random.default_rng(1)
    (reach,) = forecast(WISH, per_s, control)
    good = [seconds(control, control, per_s=per_s, source=source) for _ in range(20)]
    bad = [seconds(control + reach.broken, control, per_s=per_s, source=source) for _ in range(20)]
    assert {state for state, _ in bad} == {"aborting"}
    assert 0.5 < reach.promoted_s / median(took for _, took in good) < 2.0
    assert 0.5 < reach.aborted_s / median(took for _, took in bad) < 2.0


def test_a_demo_at_400_requests_a_second_takes_20_seconds_to_promote_and_under_19_to_abort() -> None:
    source = np.random.default_rng(2)
    good = [seconds(0.0, 0.0, per_s=400, source=source) for _ in range(5)]
    assert all(state == "promoting" and took <= 20 for state, took in good)
    bad = [seconds(0.06, 0.0, per_s=400, source=source) for _ in range(40)]
    assert all(state == "aborting" and took <= 19 for state, took in bad)


def test_more_traffic_decides_sooner_and_none_never() -> None:
    slow, fast = forecast(WISH, 10.0, 0.01)[0], forecast(WISH, 100.0, 0.01)[0]
    assert fast.promoted_s < slow.promoted_s
    assert fast.aborted_s < slow.aborted_s
    assert not forecast(WISH, 0.0, 0.01)[0].decides


def test_a_guardrail_that_cannot_decide_in_time_is_a_finding_with_its_numbers() -> None:
    wish = Wish(deadline=Deadline(after=600.0))
    (found,) = findings(wish, forecast(wish, 1.0, 0.01), HERE)
    assert found.code == "E204"
    assert "1 requests a second" in found.why
    assert not findings(WISH, forecast(WISH, 300.0, 0.001), HERE)


def test_a_rollout_without_guardrails_and_a_latency_margin_below_one_edge_are_findings() -> None:
    assert findings(Wish(guardrails=()), (), HERE)[0].what == "the rollout never decides"
    narrow = Wish(guardrails=(ErrorGuardrail(), LatencyGuardrail(latency="p95", worse_by_at_most=1.1)))
    (found,) = findings(narrow, forecast(narrow, 300.0, 0.001), HERE)
    assert "latency p95" in found.what
    assert forecast(Wish(strategy="direct"), 300.0, 0.001) == ()


def test_false_aborts_of_a_year_follow_from_the_stated_rate() -> None:
    assert false_aborts(Wish(), 100) == pytest.approx(1.0)
