"""Forecasts of what other sources than the router count, against what rollouts really take."""

import math
from statistics import median

import numpy as np
import pytest
from msgspec import structs
from tests.decide.rollout.start import START
from tests.decide.rollout.test_guardrails import METRIC, PARTS, PREDICTIONS, QUALITY, WISHED

from headway.decide.rollout.decision import decide
from headway.decide.rollout.prospects.outlook import Told, Traffic
from headway.decide.rollout.reach import forecast
from headway.decide.rollout.remaining import remaining_s
from headway.evidence.window import Arm, Part, Sample, Window
from headway.spec.guardrail import Guardrail, title
from headway.spec.rollout import Deadline
from headway.spec.rollout import Rollout as Wish

ALONE = Wish(window=1.0, stages=(20.0,))


def ended(guardrail: Guardrail, source: np.random.Generator, share: float, rate: float) -> tuple[str, int, list[float]]:
    """How a rollout ends, after how many windows, and what was said to remain after each.

    By a share of 1,000 things a second, beside stable's.
    """
    wish = structs.replace(ALONE, guardrails=(guardrail,))
    rollout, windows = structs.replace(START, state="running", weight=20.0), 0
    foretold = []
    while rollout.state == "running" and windows < 500:
        windows += 1
        mine, beside = int(source.binomial(200, share)), int(source.binomial(800, rate))
        told = tuple(
            Part(name=name, bad=mine, of=200, control_bad=beside, control_of=800) for name in PARTS[title(guardrail)]
        )
        window = Window(
            start=0.0,
            end=1.0,
            weight=20.0,
            control=Arm(starts=800),
            candidate=Arm(starts=200),
            samples=(Sample(guardrail=title(guardrail), parts=told),),
        )
        rollout = decide(rollout, wish, window, ready=True, now=0.0)
        foretold.append(remaining_s(rollout, wish))
    return rollout.state, windows, foretold


@pytest.mark.parametrize(
    ("guardrail", "what", "share"),
    [
        (METRIC, "1.5x as many", 0.15),
        (METRIC, "2x as many", 0.2),
        (WISHED, "half as many", 0.05),
        (PREDICTIONS, "8 pp more of one kind of answer", 0.18),
    ],
    ids=["bad 1.5x", "bad 2x", "good", "predictions"],
)
def test_what_other_sources_tell_is_foreseen_within_twice_of_what_rollouts_take(
    guardrail: Guardrail, what: str, share: float
) -> None:
    source = np.random.default_rng(8)
    told = {title(guardrail): Told(share=0.1, known=1000, per_s=1000.0)}
    traffic = Traffic(seconds=100.0, arm=Arm(starts=5000), told=told)
    (reach,) = forecast(structs.replace(ALONE, guardrails=(guardrail,)), traffic)
    worse = [ended(guardrail, source, share, 0.1) for _ in range(30)]
    equal = [ended(guardrail, source, 0.1, 0.1) for _ in range(30)]
    assert [state for state, *_ in worse].count("aborting") >= 28  # one at the margin may be promoted
    assert [state for state, *_ in equal].count("promoting") >= 29
    (seen,) = (each for each in reach.sees if each.what == what)
    learning = 1.0  # the first window only teaches the rate
    assert 0.5 < (seen.seconds + learning) / median(windows for _, windows, _ in worse) < 2.0
    assert 0.5 < reach.promoted_s / median(windows for _, windows, _ in equal) < 2.0
    assert seen.chance > 0.95
    third = [(foretold[2] + 3.0) / windows for _, windows, foretold in equal if windows > 3]
    assert 0.5 < median(third) < 2.0
    assert reach.said.startswith("At 1e+03 ")


def test_labels_are_foreseen_after_their_time_and_gate_the_promotion() -> None:
    told = {"accuracy": Told(share=0.1, known=1000, per_s=50.0)}
    traffic = Traffic(seconds=100.0, arm=Arm(starts=5000), told=told)
    wish = Wish(window=60.0, guardrails=(QUALITY,))
    (reach,) = forecast(structs.replace(wish, deadline=Deadline(after=4 * 3600.0)), traffic)
    assert reach.decides
    assert all(each.seconds > QUALITY.labels_within for each in reach.sees)
    assert QUALITY.labels_within < reach.promoted_s < 4 * 3600.0
    assert reach.said.endswith("It gates the promotion, not the stages before it.")
    (late,) = forecast(structs.replace(wish, deadline=Deadline(after=3700.0)), traffic)
    assert not late.decides


@pytest.mark.parametrize("guardrail", [METRIC, WISHED, PREDICTIONS, QUALITY], ids=title)
def test_of_a_source_that_told_nothing_nothing_is_foreseen(guardrail: Guardrail) -> None:
    (reach,) = forecast(Wish(guardrails=(guardrail,)), Traffic(seconds=100.0, arm=Arm(starts=5000)))
    assert (reach.sees, reach.decides, math.isnan(reach.promoted_s)) == ((), True, True)
    assert reach.said


@pytest.mark.parametrize("spread", [1.0, 10.0], ids=["one by one", "between windows"])
@pytest.mark.parametrize("share", [0.0, 1e-6, 0.5, 0.999, 1.0])
@pytest.mark.parametrize("guardrail", [METRIC, WISHED, PREDICTIONS, QUALITY], ids=title)
def test_whatever_a_source_tells_a_plan_can_be_made(guardrail: Guardrail, share: float, spread: float) -> None:
    name = title(guardrail)
    for per_s in (0.001, 1000.0):
        told = {name: Told(share=share, known=round(1000 * share), per_s=per_s)}
        traffic = Traffic(seconds=100.0, arm=Arm(starts=500), told=told, spread={name: spread})
        (reach,) = forecast(Wish(guardrails=(guardrail,)), traffic)
        assert 0.0 <= reach.chance <= 1.0
        assert all(0.0 <= seen.chance <= 1.0 and seen.seconds > 0.0 for seen in reach.sees)
