"""Guardrails that are fed by a source of their own: what it does not say, or says falsely, never promotes."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs
from tests.decide.rollout.start import START

from headway.decide.rollout.decision import decide
from headway.decide.rollout.rules import rollout_1, verdict_of
from headway.decide.rollout.strategy import limits
from headway.evidence.stage import Rollout
from headway.evidence.verdict import Answer
from headway.evidence.window import Arm, Part, Past, Sample, Window
from headway.spec.guardrail import (
    ErrorGuardrail,
    Guardrail,
    MetricGuardrail,
    PredictionGuardrail,
    QualityGuardrail,
    Selectors,
    title,
)
from headway.spec.rollout import Rollout as Wish

PREDICTIONS = PredictionGuardrail(predictions="distribution")
QUALITY = QualityGuardrail(quality="accuracy", labels_within=3600.0)
METRIC = MetricGuardrail(prometheus=Selectors(bad="declined_total", of="orders_total"))
WISHED = MetricGuardrail(prometheus=Selectors(good="sold_total", of="orders_total"))
KINDS: tuple[Guardrail, ...] = (PREDICTIONS, QUALITY, METRIC, WISHED)
PARTS = {
    "predictions": (">= 0.25", ">= 0.5", "missing"),
    "accuracy": ("wrong", "unlabelled"),
    "declined_total": ("bad",),
    "sold_total": ("good",),
}
# How many times as many things are twice as bad.
TWICE = {"sold_total": 0.5}


def window(weight: float, *samples: Sample, starts: int = 1000) -> Window:
    mine = round(starts * weight / 100)
    return Window(
        start=0.0,
        end=60.0,
        weight=weight,
        control=Arm(starts=starts - mine),
        candidate=Arm(starts=mine),
        samples=samples,
    )


def look(rollout: Rollout, wish: Wish, seen: Window | None) -> Rollout:
    return decide(rollout, wish, seen, ready=True, now=10.0)


def alike(guardrail: Guardrail, weight: float, rate: float = 0.25, *, of: int = 1000, times: float = 1.0) -> Sample:
    """Both arms show the same share of each part; the candidate's so many times."""
    mine = round(of * weight / 100)
    parts = tuple(
        Part(
            name=name,
            bad=round(mine * rate * times),
            of=mine,
            control_bad=round((of - mine) * rate),
            control_of=of - mine,
        )
        for name in PARTS[title(guardrail)]
    )
    return Sample(guardrail=title(guardrail), parts=parts)


@pytest.mark.parametrize("guardrail", KINDS, ids=title)
def test_an_equal_candidate_is_promoted_and_the_record_says_the_same_again(guardrail: Guardrail) -> None:
    wish = Wish(window=1.0, guardrails=(guardrail,))
    rollout = look(START, wish, None)
    for _ in range(60):
        rollout = look(
            rollout, wish, window(rollout.weight, alike(guardrail, rollout.weight, of=20_000), starts=20_000)
        )
    assert rollout.state == "promoting"
    verdict = verdict_of(rollout, wish)
    assert verdict.answer is Answer.PASS
    assert rollout_1(verdict.inputs) == verdict


@pytest.mark.parametrize("guardrail", KINDS, ids=title)
def test_a_candidate_that_is_worse_beyond_its_line_is_aborted(guardrail: Guardrail) -> None:
    wish = Wish(window=1.0, guardrails=(guardrail,))
    rollout = look(START, wish, None)
    for _ in range(60):
        worse = alike(guardrail, rollout.weight, of=20_000, times=TWICE.get(title(guardrail), 2.0))
        rollout = look(rollout, wish, window(rollout.weight, worse, starts=20_000))
    assert rollout.state == "aborting"
    assert title(guardrail) in rollout.why
    assert verdict_of(rollout, wish).answer is Answer.FAIL


WHOLE = st.integers(-5, 400)


@st.composite
def false_samples(draw: st.DrawFn, guardrail: Guardrail) -> Sample:
    """No data, one arm silent, or counts that cannot be any."""
    parts = []
    for name in PARTS[title(guardrail)]:
        bad, of, control_bad, control_of = (draw(WHOLE) for _ in range(4))
        match draw(st.sampled_from(("empty", "one arm", "other arm", "impossible"))):
            case "empty":
                bad = of = control_bad = control_of = 0
            case "one arm":
                bad = of = 0
            case "other arm":
                control_bad = control_of = 0
            case _:
                bad = max(of, 0) + 1
        parts.append(Part(name=name, bad=bad, of=of, control_bad=control_bad, control_of=control_of))
    return Sample(guardrail=title(guardrail), parts=tuple(parts))


@pytest.mark.parametrize("guardrail", KINDS, ids=title)
@given(data=st.data())
@settings(deadline=None, max_examples=15)
def test_a_source_that_is_silent_in_an_arm_or_says_the_impossible_neither_promotes_nor_aborts(
    guardrail: Guardrail, data: st.DataObject
) -> None:
    wish = Wish(window=1.0, guardrails=(guardrail,))
    rollout = look(START, wish, None)
    for _ in range(3):  # the stable version is known well enough
        rollout = look(rollout, wish, window(rollout.weight, alike(guardrail, rollout.weight)))
    stage = rollout.stage
    for _ in range(12):
        samples = data.draw(st.one_of(st.just(()), st.tuples(false_samples(guardrail))))
        rollout = look(rollout, wish, window(rollout.weight, *samples))
    assert (rollout.state, rollout.stage) == ("running", stage)


def test_no_sample_of_a_guardrail_holds_one_that_other_guardrails_find_safe() -> None:
    wish = Wish(window=1.0, guardrails=(*Wish().guardrails, *KINDS))
    rollout = look(START, wish, None)
    for _ in range(200):
        rollout = look(rollout, wish, window(rollout.weight))
    assert (rollout.state, rollout.stage) == ("running", 0)


def shifted(rng: np.random.Generator, weight: float, apart: float, rows: int = 1) -> Sample:
    """One window of scores: the candidate's share above 0.5 is so much greater.

    So many rows of a request are alike.
    """
    mine = round(2000 * weight / 100)
    names, rates = (">= 0.25", ">= 0.5", ">= 0.75"), (0.7, 0.4, 0.15)
    drawn, beside = (rng.random(of // rows).repeat(rows) for of in (mine, 2000 - mine))
    parts = tuple(
        Part(
            name=name,
            bad=int((drawn < rate + apart).sum()),
            of=mine,
            control_bad=int((beside < rate).sum()),
            control_of=2000 - mine,
        )
        for name, rate in zip(names, rates, strict=True)
    )
    return Sample(guardrail="predictions", parts=parts)


def ends(apart: float, runs: int, *, rows: int = 1, spread: float = 1.0) -> tuple[float, float]:
    """Shares of rollouts that were aborted and promoted within 40 windows; `spread` is what was known before."""
    rng = np.random.default_rng(7)
    wish = Wish(window=1.0, guardrails=(PREDICTIONS,), stages=(20.0,))
    aborted = promoted = 0
    for _ in range(runs):
        rollout = look(structs.replace(START, before=Past(spread={"predictions": spread})), wish, None)
        for _ in range(40):
            rollout = look(rollout, wish, window(20.0, shifted(rng, 20.0, apart, rows), starts=2000))
            if rollout.state != "running":
                break
        aborted += rollout.state == "aborting"
        promoted += rollout.state == "promoting"
    return aborted / runs, promoted / runs


def test_a_shift_at_the_line_of_harm_is_rarely_aborted_and_one_at_the_margin_rarely_promoted() -> None:
    runs = 40
    limit = limits(Wish(guardrails=(PREDICTIONS,)), 0)
    assert round(math.exp(limit.safe)) == 20
    aborted, _ = ends(0.02, runs)
    _, promoted = ends(0.05, runs)
    assert aborted <= 0.01 + 3 * math.sqrt(0.01 * 0.99 / runs)
    assert promoted <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / runs)


def test_equal_predictions_promote_and_a_shift_of_twice_the_margin_aborts() -> None:
    assert ends(0.0, 5) == (0.0, 1.0)
    assert ends(0.10, 5) == (1.0, 0.0)


def test_rows_that_come_in_alike_are_aborted_as_often_as_is_stated_only_between_windows() -> None:
    runs = 40
    alone, _ = ends(0.0, runs, rows=20)
    aborted, _ = ends(0.02, runs, rows=20, spread=20.0)
    _, promoted = ends(0.05, runs, rows=20, spread=20.0)
    assert alone > 0.5
    assert aborted <= 0.01 + 3 * math.sqrt(0.01 * 0.99 / runs)
    assert promoted <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / runs)
    assert ends(0.25, 5, rows=20, spread=20.0) == (1.0, 0.0)


def sales(rate: float, runs: int) -> tuple[float, float]:
    """Shares of rollouts that were aborted and promoted within 30 windows; of stable's orders 6 % are of good ones."""
    rng, wish = np.random.default_rng(11), Wish(window=1.0, guardrails=(WISHED,), stages=(50.0,))
    states = []
    for _ in range(runs):
        rollout = look(START, wish, None)
        for _ in range(30):
            part = Part(
                name="good",
                bad=int(rng.binomial(2000, rate)),
                of=2000,
                control_bad=int(rng.binomial(2000, 0.06)),
                control_of=2000,
            )
            rollout = look(rollout, wish, window(50.0, Sample(guardrail="sold_total", parts=(part,)), starts=4000))
        states.append(rollout.state)
    return states.count("aborting") / runs, states.count("promoting") / runs


def test_fewer_of_what_is_wished_for_abort_as_often_as_is_stated_and_more_never_do() -> None:
    runs = 60
    harmless, _ = sales(0.06 / 1.1, runs)
    _, harmful = sales(0.06 / 1.5, runs)
    assert harmless <= 0.01 + 3 * math.sqrt(0.01 * 0.99 / runs)
    assert harmful <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / runs)
    assert sales(0.03, 5) == (1.0, 0.0)
    assert sales(0.06, 5) == (0.0, 1.0)
    assert sales(0.09, 5) == (0.0, 1.0)


def test_a_class_that_only_the_candidate_answers_shows_in_what_is_left() -> None:
    wish = Wish(window=1.0, guardrails=(PREDICTIONS,), stages=(20.0,))
    rollout = look(START, wish, None)
    for _ in range(20):
        parts = (
            Part(name="class no", bad=150, of=200, control_bad=800, control_of=800),
            Part(name="another class", bad=50, of=200, control_bad=0, control_of=800),
        )
        rollout = look(rollout, wish, window(20.0, Sample(guardrail="predictions", parts=parts)))
    assert rollout.state == "aborting"


def test_evidence_goes_on_after_a_restart_to_the_digit() -> None:
    wish, rng = Wish(window=1.0, guardrails=(PREDICTIONS,), stages=(20.0,)), np.random.default_rng(3)
    rollout = look(START, wish, None)
    for _ in range(4):
        rollout = look(rollout, wish, window(20.0, shifted(rng, 20.0, 0.0)))
    again = structs.replace(rollout, tally=None)
    seen = window(20.0, shifted(rng, 20.0, 0.0))
    assert look(rollout, wish, seen).tally == look(again, wish, seen).tally


def test_labels_are_waited_for_at_the_last_stage_only_and_have_a_fifth_of_the_false_aborts() -> None:
    wish = Wish(window=1.0, guardrails=(ErrorGuardrail(), QUALITY), stages=(20.0, 50.0))
    assert [round(math.exp(harm)) for harm in limits(wish, 0).harm] == [125, 500]
    rollout = look(START, wish, None)
    for _ in range(30):
        rollout = look(rollout, wish, window(rollout.weight, starts=5000))
    assert (rollout.state, rollout.stage) == ("running", 1)
    for _ in range(10):
        rollout = look(rollout, wish, window(rollout.weight, alike(QUALITY, rollout.weight, of=5000), starts=5000))
    assert rollout.state == "promoting"


def test_a_candidate_whose_predictions_get_no_labels_is_not_safe_though_none_of_them_is_wrong() -> None:
    wish = Wish(window=1.0, guardrails=(QUALITY,), stages=(20.0,))
    rollout = look(START, wish, None)
    for _ in range(30):
        parts = (
            Part(name="wrong", bad=0, of=0, control_bad=80, control_of=800),
            Part(name="unlabelled", bad=200, of=200, control_bad=0, control_of=800),
        )
        rollout = look(rollout, wish, window(20.0, Sample(guardrail="accuracy", parts=parts)))
    assert rollout.state == "aborting"


def test_when_nobody_gets_labels_nothing_is_decided() -> None:
    wish = Wish(window=1.0, guardrails=(QUALITY,), stages=(20.0,))
    rollout = look(START, wish, None)
    for _ in range(50):
        parts = (
            Part(name="wrong", bad=0, of=0, control_bad=0, control_of=0),
            Part(name="unlabelled", bad=200, of=200, control_bad=800, control_of=800),
        )
        rollout = look(rollout, wish, window(20.0, Sample(guardrail="accuracy", parts=parts)))
    assert rollout.state == "running"
