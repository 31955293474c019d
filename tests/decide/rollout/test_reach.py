"""Forecasts against what rollouts really take, and the findings for guardrails that cannot decide."""

import math
from statistics import fmean, median

import numpy as np
import pytest
from msgspec import structs

from headway.decide.rollout.decision import decide
from headway.decide.rollout.reach import Reach, Traffic, false_aborts, findings, forecast
from headway.evidence.stage import Rollout
from headway.evidence.window import Arm, Past, Window
from headway.spec.finding import Place
from headway.spec.guardrail import ErrorGuardrail, LatencyGuardrail
from headway.spec.release import Served
from headway.spec.rollout import Deadline
from headway.spec.rollout import Rollout as Wish

WISH = Wish(window=1.0)
HERE = Place(file="models/delay/model.yaml")
EDGES = tuple(1.25**k for k in range(45))
DAY = 86_400.0


def traffic(per_s: float, rate: float, *, seconds: float = DAY) -> Traffic:
    """A day of requests with latencies around 60 ms."""
    starts = round(per_s * seconds)
    above = (0.5 * math.erfc(math.log(edge / 60.0) / 0.5 / math.sqrt(2.0)) for edge in EDGES)
    slower = tuple(round(starts * share) for share in above)
    arm = Arm(starts=starts, errors=round(starts * rate), slower=slower)
    return Traffic(seconds=seconds, arm=arm, edges_ms=EDGES)


def of_errors(per_s: float, rate: float, wish: Wish = WISH) -> Reach:
    return next(reach for reach in forecast(wish, traffic(per_s, rate)) if reach.guardrail == "errors")


def seconds(
    rate: float, control: float, *, per_s: int, source: np.random.Generator, most: int = 400, burst: int = 0
) -> tuple[str, int]:
    """How a rollout ends and after how many windows; its errors come by themselves, or in bursts of so many."""
    rollout = Rollout(
        model="m",
        environment="e",
        candidate=Served(version="2", bundle="b"),
        over=Served(version="1", bundle="a"),
        state="running",
        weight=5.0,
        started=0.0,
        deadline=1e9,
        before=Past(starts=100_000, errors=round(100_000 * control), spread={"errors": float(burst)}),
    )
    took = 0

    def bad(of: int, share: float) -> int:
        drawn = burst * source.poisson(of * share / burst) if burst else source.binomial(of, share)
        return min(of, int(drawn))

    while rollout.state == "running" and took < most:
        took += 1
        mine = round(per_s * rollout.weight / 100)
        window = Window(
            start=0.0,
            end=1.0,
            weight=rollout.weight,
            control=Arm(starts=per_s - mine, errors=bad(per_s - mine, control)),
            candidate=Arm(starts=mine, errors=bad(mine, rate)),
        )
        rollout = decide(rollout, WISH, window, ready=True, now=0.0)
    return rollout.state, took


@pytest.mark.parametrize(("per_s", "control"), [(400, 0.001), (200, 0.0), (400, 0.01)])
def test_the_forecast_is_within_twice_what_rollouts_take(per_s: int, control: float) -> None:
    source = np.random.default_rng(1)
    reach = of_errors(per_s, control)
    (broken,) = [each for each in reach.sees if each.what == "5 pp more errors"]
    good = [seconds(control, control, per_s=per_s, source=source) for _ in range(20)]
    bad = [seconds(control + 0.05, control, per_s=per_s, source=source) for _ in range(20)]
    assert {state for state, _ in bad} == {"aborting"}
    assert 0.5 < reach.promoted_s / median(took for _, took in good) < 2.0
    assert 0.5 < broken.seconds / median(took for _, took in bad) < 2.0


@pytest.mark.parametrize(("per_s", "control", "burst"), [(4000, 0.01, 5), (2000, 0.05, 10)])
def test_judged_between_windows_the_forecast_is_within_half_of_what_rollouts_take(
    per_s: int, control: float, burst: int
) -> None:
    source, day = np.random.default_rng(6), traffic(per_s, control)
    (reach,) = forecast(WISH, structs.replace(day, spread={"errors": float(burst)}))
    (twice,) = [each for each in reach.sees if each.what == "2x the errors"]
    good = [seconds(control, control, per_s=per_s, source=source, burst=burst) for _ in range(30)]
    bad = [seconds(2 * control, control, per_s=per_s, source=source, burst=burst) for _ in range(30)]
    assert sum(state == "promoting" for state, _ in good) >= 28
    assert sum(state == "aborting" for state, _ in bad) >= 28
    assert 0.67 < reach.promoted_s / fmean(took for _, took in good) < 1.5
    assert 0.67 < twice.seconds / median(took for _, took in bad) < 1.5
    # Request by request it would have said a fraction of this.
    (by_requests,) = forecast(WISH, day)
    assert next(each for each in by_requests.sees if each.what == twice.what).seconds < 0.5 * twice.seconds


@pytest.mark.parametrize("deadline", [30, 50, 80])
def test_judged_between_windows_the_chances_by_the_deadline_are_about_those_of_rollouts(deadline: int) -> None:
    source, burst = np.random.default_rng(8), 10
    wish = Wish(window=1.0, deadline=Deadline(after=float(deadline)))
    (reach,) = forecast(wish, structs.replace(traffic(2000, 0.02), spread={"errors": float(burst)}))
    done = [seconds(0.02, 0.02, per_s=2000, source=source, most=deadline - 3, burst=burst) for _ in range(60)]
    assert reach.chance == pytest.approx(sum(state == "promoting" for state, _ in done) / len(done), abs=0.2)
    found = [seconds(0.04, 0.02, per_s=2000, source=source, most=deadline, burst=burst) for _ in range(60)]
    (twice,) = [each for each in reach.sees if each.what == "2x the errors"]
    assert twice.chance == pytest.approx(sum(state == "aborting" for state, _ in found) / len(found), abs=0.2)


def test_judged_between_windows_nothing_is_seen_before_the_tenth() -> None:
    bursts = {"errors": 20.0, "latency p95": 20.0}
    wish = Wish(guardrails=(ErrorGuardrail(), LatencyGuardrail(latency="p95")), deadline=Deadline(after=9 * 60.0))
    day = structs.replace(traffic(2000.0, 0.01), spread=bursts)
    assert all(not each.chance for reach in forecast(wish, day) for each in reach.sees)
    assert [reach.decides for reach in forecast(wish, day)] == [False, False]
    for reach in forecast(Wish(guardrails=wish.guardrails), day):
        waits = [each.seconds for each in reach.sees]
        assert waits == sorted(waits, reverse=True)
        assert min(waits) >= 600.0
        assert reach.promoted_s >= 600.0


@pytest.mark.parametrize("deadline", [14, 20, 28, 40])
def test_the_chance_to_be_promoted_by_the_deadline_is_about_that_of_rollouts(deadline: int) -> None:
    source = np.random.default_rng(3)
    wish = Wish(window=1.0, deadline=Deadline(after=float(deadline)))
    # Of the windows of a rollout one a stage is dropped, for its weight moves; here none is.
    done = [seconds(0.002, 0.002, per_s=400, source=source, most=deadline - 3) for _ in range(60)]
    share = sum(state == "promoting" for state, _ in done) / len(done)
    assert of_errors(400, 0.002, wish).chance == pytest.approx(share, abs=0.2)


def test_the_chance_to_see_harm_by_the_deadline_is_about_that_of_rollouts() -> None:
    source = np.random.default_rng(4)
    wish = Wish(window=1.0, stages=(5.0,), deadline=Deadline(after=60.0))
    (twice,) = [each for each in of_errors(400, 0.05, wish).sees if each.what == "2x the errors"]
    found = [seconds(0.1, 0.05, per_s=400, source=source, most=60) for _ in range(60)]
    share = sum(state == "aborting" for state, _ in found) / len(found)
    assert twice.chance == pytest.approx(share, abs=0.2)


def test_a_demo_at_400_requests_a_second_takes_20_seconds_to_promote_and_under_19_to_abort() -> None:
    source = np.random.default_rng(2)
    good = [seconds(0.0, 0.0, per_s=400, source=source) for _ in range(5)]
    assert all(state == "promoting" and took <= 20 for state, took in good)
    bad = [seconds(0.06, 0.0, per_s=400, source=source) for _ in range(40)]
    assert all(state == "aborting" and took <= 19 for state, took in bad)


def test_more_traffic_decides_sooner_and_surer_and_none_never() -> None:
    slow, fast = of_errors(10.0, 0.01), of_errors(100.0, 0.01)
    assert fast.promoted_s < slow.promoted_s
    assert fast.chance >= slow.chance
    for few, many in zip(slow.sees, fast.sees, strict=True):
        assert (few.what, many.seconds <= few.seconds, many.chance >= few.chance) == (many.what, True, True)
    silent = of_errors(0.0, 0.0)
    assert (silent.decides, silent.chance) == (False, 0.0)
    assert all(each.chance == 0.0 for each in silent.sees)


def test_worse_versions_are_seen_sooner_than_mild_ones() -> None:
    for reach in forecast(Wish(guardrails=(ErrorGuardrail(), LatencyGuardrail(latency="p95"))), traffic(20.0, 0.01)):
        waits = [each.seconds for each in reach.sees]
        assert waits == sorted(waits, reverse=True)
        assert len(waits) >= 4


def test_what_is_too_mild_for_the_deadline_is_said_to_be_unseen() -> None:
    assert "cannot see 1.25x the errors" in of_errors(10.0, 0.01, Wish()).said
    assert "cannot see" not in of_errors(2000.0, 0.01, Wish()).said


def test_latency_is_foreseen_from_the_latencies_of_that_time() -> None:
    wish = Wish(guardrails=(LatencyGuardrail(latency="p95"),))
    (known,) = forecast(wish, traffic(50.0, 0.0))
    assert known.chance > 0.9
    assert {each.what for each in known.sees if each.chance > 0.9} >= {"50 % slower", "2x the time"}
    (unknown,) = forecast(wish, traffic(50.0, 0.0, seconds=2.0))
    assert (unknown.decides, math.isnan(unknown.chance)) == (True, True)
    assert "Nothing is known beforehand" in unknown.said


def test_a_guardrail_that_cannot_decide_in_time_is_a_finding_with_its_numbers() -> None:
    wish = Wish(deadline=Deadline(after=600.0))
    (found,) = findings(wish, forecast(wish, traffic(1.0, 0.01)), HERE)
    assert found.code == "E204"
    assert "1 requests a second" in found.why
    assert not findings(WISH, forecast(WISH, traffic(300.0, 0.001)), HERE)


def test_a_rollout_without_guardrails_and_a_latency_margin_below_one_edge_are_findings() -> None:
    assert findings(Wish(guardrails=()), (), HERE)[0].what == "the rollout never decides"
    narrow = Wish(guardrails=(ErrorGuardrail(), LatencyGuardrail(latency="p95", worse_by_at_most=1.1)))
    (found,) = findings(narrow, forecast(narrow, traffic(300.0, 0.001)), HERE)
    assert "latency p95" in found.what
    assert forecast(Wish(strategy="direct"), traffic(300.0, 0.001)) == ()


def test_false_aborts_of_a_year_follow_from_the_stated_rate() -> None:
    assert false_aborts(Wish(), 100) == pytest.approx(1.0)
