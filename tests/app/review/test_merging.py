"""What merging does is what the planner would do."""

import pytest
from msgspec import structs

from headway.app.review.merging import after_merge
from headway.app.review.view import MergeStep
from headway.plan.facts import Facts, Place
from headway.spec.guardrail import LatencyGuardrail
from headway.spec.release import Served
from headway.spec.rollout import Rollout

OLD, NEW = Served(version="1.0.0", bundle="a"), Served(version="1.1.0", bundle="b")
STAGING = Place(environment="staging", live=False, approval=False, decides=False, stable=OLD)
PRODUCTION = Place(environment="production", live=True, approval=False, decides=False, stable=OLD)
FACTS = Facts(model="delay", main="m" * 40, places=(STAGING, PRODUCTION))


def steps(facts: Facts = FACTS, refused: str = "", rollout: Rollout | None = None) -> list[MergeStep]:
    return list(after_merge(facts, NEW, refused, rollout or Rollout()))


def test_environments_come_in_their_order() -> None:
    assert [step.environment for step in steps()] == ["staging", "production"]


def test_a_refused_version_reaches_none() -> None:
    (step,) = steps(refused="auc at least 0.7: it is 0.6")
    assert (step.ends, step.what) == (True, "nothing: 1.1.0 refused: auc at least 0.7: it is 0.6")


def test_a_hold_is_told_with_the_command_that_lifts_it() -> None:
    (step,) = steps(structs.replace(FACTS, hold="1.0.9 was aborted"))
    assert "held: 1.0.9 was aborted; `headway resume delay`" in step.what


def test_after_an_approval_it_goes_on() -> None:
    waiting = structs.replace(STAGING, approval=True)
    found = steps(structs.replace(FACTS, places=(waiting, PRODUCTION)))
    assert [step.waits for step in found] == [True, False]
    assert "then released at once" in found[0].what


def test_a_version_that_is_stable_already_moves_nothing() -> None:
    places = tuple(structs.replace(place, stable=NEW) for place in FACTS.places)
    assert steps(structs.replace(FACTS, places=places)) == []


def test_a_rollout_that_is_under_way_does_not_hide_what_comes() -> None:
    busy = structs.replace(PRODUCTION, candidate=Served(version="1.0.5", bundle="c"), over=OLD)
    assert [step.environment for step in steps(structs.replace(FACTS, places=(STAGING, busy)))] == [
        "staging",
        "production",
    ]


@pytest.mark.parametrize(
    ("rollout", "words"),
    [
        (Rollout(stages=(5.0, 50.0)), "canary 5 % → 50 % → 100 % of the traffic, looked at every 1 min"),
        (Rollout(strategy="blue-green"), "blue-green, looked at"),
        (Rollout(strategy="blue-green"), "; what is seen after the switch is descriptive"),
        (Rollout(strategy="shadow", stages=(5.0, 50.0)), "shadow of copies of 5 % → 50 % of the traffic, looked at"),
        (Rollout(strategy="ab"), "ab with 50 % of the users, looked at"),
        (Rollout(strategy="direct"), "released at once: the strategy is direct"),
        (
            Rollout(guardrails=(LatencyGuardrail(latency="p95"),)),
            "guarded by p95 latency (1.25 times or 10 ms more at most)",
        ),
        (Rollout(window=90.0), "looked at every 90 s"),
        (Rollout(approve_at=(50.0, 100.0)), "; waits for approvals at 50 %, 100 %"),
    ],
)
def test_the_rollout_is_told_as_it_was_wished(rollout: Rollout, words: str) -> None:
    facts = structs.replace(FACTS, strategy=rollout.strategy)
    assert words in steps(facts, rollout=rollout)[1].what
