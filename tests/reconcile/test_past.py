"""How the stable version's windows differed before a start: noted, said by the plan, and kept by the rollout."""

from collections.abc import Callable

import numpy as np
import pytest
from tests.reconcile.test_samples import pod, summary
from tests.reconcile.town import Town

from headway.decide.rollout.guardrails.evidence import opened
from headway.decide.rollout.strategy import weighed
from headway.evidence.window import Arm
from headway.reconcile.foreseeing import foresee
from headway.reconcile.gather import gather
from headway.reconcile.past import note
from headway.reconcile.past import spread as of_past
from headway.reconcile.ports import PortError
from headway.reconcile.scene import Scene
from headway.spec.guardrail import LatencyGuardrail
from headway.spec.rollout import Rollout as Wish


def after(minutes: int, *, bursts: bool) -> Town:
    """1.0.0 has served for so many minutes, with 1 % of errors: in every minute, or all of them in every eighth."""
    town = Town()
    town.commit("one")
    town.settle()
    for minute in range(minutes):
        share = 8.0 * (minute % 8 == 0) if bursts else 1.0
        town.traffic(control_bad=share, of=6000, seconds=60.0)
        town.look()
    return town


def spread(town: Town) -> dict[str, float]:
    """What the rollout of the next version keeps of it."""
    town.commit("two")
    town.settle()
    rollout = town.rollout()
    assert rollout
    return dict(rollout.before.spread)


def said(town: Town) -> str:
    """What the plan says while the next version is not judged yet."""
    town.commit("two")
    town.faults.away = "measure"
    town.settle()
    (found,) = foresee(gather(town.world, town.memory, "delay"))
    return "\n".join(found.said)


def test_errors_in_bursts_are_judged_between_windows_and_named_so() -> None:
    town = after(60, bursts=True)
    assert spread(town)["errors"] > 100
    rollout, wish = town.rollout(), Wish()
    assert rollout
    ((name, _, _),) = weighed(wish.guardrails, opened("", wish.guardrails, rollout.before))
    assert name == "errors between windows"


def test_errors_that_come_by_themselves_are_judged_request_by_request() -> None:
    assert spread(after(60, bursts=False))["errors"] < 1.3


ANSWERS = "guardrails: [{errors: rate}, {predictions: distribution}]"
LABELS = "guardrails: [{quality: accuracy, labels_within: 10s}]"


SERVE = "  serve: {records: {sample: 100%}}"
METRIC = """guardrails: [{prometheus: {bad: 'declined{v="{version}"}', of: 'orders{v="{version}"}'}}]"""
IN_ROWS = pytest.mark.parametrize(
    ("alike", "least", "most"), [(1, 0.0, 1.3), (40, 20.0, 80.0)], ids=["each", "by forties"]
)


def answered(alike: int) -> Town:
    """1.0.0 has answered 400 rows a minute, so many of them alike; its servers did not tell of every tenth minute."""
    town, rng, counts = Town(), np.random.default_rng(5), [0, 0, 0, 0, 0]
    town.commit("one", rollout=ANSWERS)
    town.settle()
    for minute in range(90):
        high = alike * int(rng.binomial(400 // alike, 0.3))
        counts[1], counts[3] = counts[1] + 400 - high, counts[3] + high
        silent = minute % 10 == 0
        town.runtime.say("delay", "production", summaries=() if silent else (pod("1.0.0", summary(tuple(counts))),))
        town.traffic(seconds=60.0)
        town.look()
    return town


def labelled(alike: int) -> Town:
    """Of 200 predictions of 1.0.0 a minute a tenth was wrong, so many at once, and every label came a second later."""
    town, rng = Town(), np.random.default_rng(7)
    town.commit("one", SERVE, rollout=LABELS)
    town.settle()
    for minute in range(88):
        at = town.clock.time - 60.0 * (89 - minute)
        wrong = alike * int(rng.binomial(200 // alike, 0.1))
        town.labels.predicted(f"{minute}", "1.0.0", [0] * wrong + [1] * (200 - wrong), at=at)
        for row in range(200):
            town.labels.labelled(f"{minute}", 1, row=row, at=at + 1.0)
    return town


def sold() -> Town:
    """1.0.0 has sold 400 orders a minute, a tenth of which was declined."""
    town = Town()
    town.commit("one", rollout=METRIC)
    town.settle()
    for minute in range(60, 0, -1):
        for which, every in (("orders", 400), ("declined", 40)):
            town.metrics.add(f'{which}{{v="1.0.0"}}', town.clock.time - 60.0 * minute, float(every * (60 - minute)))
    return town


def coming(town: Town, more: str, rollout: str) -> dict[str, float]:
    """What the rollout of the next version keeps of how minutes differed."""
    town.commit("two", more, rollout=rollout)
    town.settle()
    found = town.rollout()
    assert found
    return dict(found.before.spread)


@IN_ROWS
def test_answers_that_come_in_rows_that_are_alike_are_judged_between_windows(
    alike: int, least: float, most: float
) -> None:
    assert least <= coming(answered(alike), "", ANSWERS)["predictions"] < most


@IN_ROWS
def test_labels_that_are_wrong_together_are_judged_between_windows(alike: int, least: float, most: float) -> None:
    assert least <= coming(labelled(alike), SERVE, LABELS)["accuracy"] < most


@pytest.mark.parametrize(
    ("town", "rollout", "begins"),
    [
        (lambda: answered(1), ANSWERS, "predictions: At 6."),
        (lambda: answered(40), ANSWERS, "predictions: minutes differ"),
        (lambda: labelled(1), LABELS, "accuracy: At 3.19 labels a second and 9.98% wrong answers it sees"),
        (sold, METRIC, "declined: At 6.24 things a second, 10.00% of them bad, it sees"),
    ],
    ids=["predictions", "in rows", "labels", "metric"],
)
def test_the_plan_foresees_what_other_sources_have_told(town: Callable[[], Town], rollout: str, begins: str) -> None:
    here = town()
    for _ in range(3):  # in which nothing is told
        here.traffic(seconds=60.0)
        here.look()
    here.commit("two", SERVE if rollout == LABELS else "", rollout=rollout)
    here.faults.away = "measure"
    here.settle()
    (found,) = foresee(gather(here.world, here.memory, "delay"))
    assert any(line.startswith(begins) for line in found.said), found.said


def test_of_a_source_that_does_not_answer_the_plan_says_that_it_told_nothing() -> None:
    town = sold()
    town.metrics.fault = PortError("Prometheus does not answer")
    for _ in range(3):
        town.traffic(seconds=60.0)
        town.look()
    town.commit("two", rollout=METRIC)
    town.faults.away = "measure"
    town.settle()
    (found,) = foresee(gather(town.world, town.memory, "delay"))
    assert any("tell nothing" in line for line in found.said)


def test_of_few_windows_nothing_is_known() -> None:
    assert spread(after(30, bursts=True)) == {}


def test_the_plan_says_that_it_judges_between_windows_and_what_that_costs() -> None:
    assert "judged between windows, and says nothing before the 10th" in said(after(60, bursts=True))
    assert "judged between windows" not in said(after(60, bursts=False))


@pytest.mark.parametrize("odd", [Arm(), Arm(starts=-5, slower=(-1, 0))], ids=["unknown to the router", "began anew"])
def test_a_minute_that_counts_nothing_spoils_no_start(odd: Arm) -> None:
    town = after(60, bursts=True)
    scene = gather(town.world, town.memory, "delay")
    latency = (LatencyGuardrail(latency="p95"),)
    known = note_and_spread(scene, Arm(starts=5, slower=(1, 0)), latency)
    assert note_and_spread(scene, odd, latency) == known


def note_and_spread(scene: Scene, window: Arm, guardrails: tuple[LatencyGuardrail, ...]) -> dict[str, float]:
    note(scene, "production", window, (4.0, 5.0))
    return dict(of_past(scene, "production", guardrails))
