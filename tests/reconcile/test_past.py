"""How the stable version's windows differed before a start: noted, said by the plan, and kept by the rollout."""

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


@pytest.mark.parametrize(("alike", "least", "most"), [(1, 0.0, 1.3), (40, 20.0, 60.0)], ids=["each", "by forties"])
def test_answers_that_come_in_rows_that_are_alike_are_judged_between_windows(
    alike: int, least: float, most: float
) -> None:
    town, rng, counts = Town(), np.random.default_rng(5), [0, 0, 0, 0, 0]
    town.commit("one", rollout=ANSWERS)
    town.settle()
    for minute in range(90):
        high = alike * int(rng.binomial(400 // alike, 0.3))
        counts[1], counts[3] = counts[1] + 400 - high, counts[3] + high
        silent = minute % 10 == 0  # servers that do not answer for once
        town.runtime.say("delay", "production", summaries=() if silent else (pod("1.0.0", summary(tuple(counts))),))
        town.traffic(seconds=60.0)
        town.look()
    town.commit("two", rollout=ANSWERS)
    town.settle()
    rollout = town.rollout()
    assert rollout
    assert least <= rollout.before.spread["predictions"] < most


@pytest.mark.parametrize(("alike", "least", "most"), [(1, 0.0, 1.3), (40, 20.0, 60.0)], ids=["each", "by forties"])
def test_labels_that_are_wrong_together_are_judged_between_windows(alike: int, least: float, most: float) -> None:
    town, rng, serve = Town(), np.random.default_rng(7), "  serve: {records: {sample: 100%}}"
    town.commit("one", serve, rollout=LABELS)
    town.settle()
    for minute in range(88):
        at = town.clock.time - 60.0 * (89 - minute)
        wrong = alike * int(rng.binomial(200 // alike, 0.1))
        town.labels.predicted(f"{minute}", "1.0.0", [0] * wrong + [1] * (200 - wrong), at=at)
        for row in range(200):
            town.labels.labelled(f"{minute}", 1, row=row, at=at + 1.0)
    town.commit("two", serve, rollout=LABELS)
    town.settle()
    rollout = town.rollout()
    assert rollout
    assert least <= rollout.before.spread["accuracy"] < most


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
