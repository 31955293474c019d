"""Retraining by drift and by time, and every brake on it, on whole stories."""

import pytest
from tests.reconcile.town import Town

from headway.evidence.record import Alerted, Retraining, Subject
from headway.reconcile.book import Draft
from headway.reconcile.gather import gather
from headway.reconcile.status import alarms
from headway.spec.digest import digest

DAY = 86_400.0
DRIFT = "  monitor: {drift: {}}\n  retrain: {when: [drift], at_most_every: 1h}"


def serving(more: str = DRIFT) -> Town:
    town = Town()
    town.commit("one", more)
    town.settle()
    return town


def alarm(town: Town, state: str = "raised") -> None:
    served = town.state.standing["production"].stable
    assert served
    subject = Subject(model="delay", version=served.version, bundle=served.bundle, environment="production")
    seen = Alerted(monitor="drift", state=state)  # type: ignore[arg-type]
    town.memory.book.write([Draft(subject=subject, seen=seen)], main=town.memory.main, subject=f"Drift is {state}")


def new_data(town: Town, rows: int) -> None:
    lines = b"".join(b"%d,%d\n" % (at, at % 2) for at in range(rows))
    town.data.files["models/delay/data/train.csv"] = b"x,late\n" + lines
    town.clock.time += 60.0


def started(town: Town) -> int:
    return len(town.state.retrainings)


def said(town: Town) -> str:
    scene = gather(town.world, town.memory, "delay")
    return "; ".join(found.said for found in alarms(scene.facts, town.state))


def test_drift_starts_one_that_trains_mains_recipe_on_the_data_of_today() -> None:
    town = serving()
    alarm(town)
    new_data(town, 10)
    town.settle()
    assert started(town) == 1
    assert town.trainer.trained == ["one", "one"]
    assert "Retrain delay on new data" in town.subjects()
    assert town.state.versions[-1].cause == "retraining"


@pytest.mark.parametrize(("period", "days"), [("daily", 1), ("weekly", 7), ("monthly", 30)])
def test_a_period_that_is_over_starts_one(period: str, days: int) -> None:
    town = serving(f"  retrain: {{when: [{period}]}}")
    new_data(town, 10)
    town.clock.time += days * DAY - 120.0
    town.settle()
    assert started(town) == 0
    town.clock.time += 120.0
    town.settle()
    assert started(town) == 1


def test_what_would_start_is_in_the_plan_and_nothing_after_it_did() -> None:
    town = serving()
    alarm(town)
    new_data(town, 10)
    assert "retraining" in [getattr(action, "cause", "") for action in town.actions()]
    town.settle()
    town.ask("abort")
    town.settle()
    assert "retraining" not in [getattr(action, "cause", "") for action in town.actions()]


def test_without_other_data_it_is_held_and_said_once() -> None:
    town = serving()
    alarm(town)
    town.settle()
    assert started(town) == 0
    assert town.subjects()[-1] == "Hold the retraining of delay"
    assert "no other data" in said(town)
    before = len(town.subjects())
    town.start_again()
    town.settle()
    assert len(town.subjects()) == before


def test_what_is_held_is_no_longer_said_when_nothing_asks_for_it() -> None:
    town = serving()
    alarm(town)
    town.settle()
    alarm(town, "cleared")
    town.settle()
    assert said(town) == ""


def test_it_runs_one_at_a_time() -> None:
    town = serving(DRIFT.replace("1h", "0s"))
    alarm(town)
    new_data(town, 10)
    town.settle()
    assert town.candidate()
    new_data(town, 20)
    town.clock.time -= 60.0
    town.settle()
    assert started(town) == 1


def test_they_keep_their_distance() -> None:
    town = serving()
    alarm(town)
    new_data(town, 10)
    town.settle()
    town.roll_to_its_end()
    town.settle()
    new_data(town, 20)
    town.settle()
    assert started(town) == 1
    town.clock.time += 3600.0
    town.settle()
    assert started(town) == 2


def test_a_refused_recipe_holds_it_with_the_reason() -> None:
    town = serving()
    town.assessor.auc[digest(b"two")] = 0.55
    town.commit("two", DRIFT)
    town.settle()
    alarm(town)
    new_data(town, 10)
    town.settle()
    assert started(town) == 0
    assert "main's recipe stands refused" in said(town)


def test_an_aborted_version_holds_it_until_a_person_resumes_and_the_recipe_changes() -> None:
    town = Town().with_a_candidate(DRIFT)
    town.roll_to_its_end(bad=20)
    alarm(town)
    new_data(town, 10)
    town.settle()
    assert started(town) == 0
    assert "main's recipe stands refused" in said(town)
    town.ask("resume")
    town.settle()
    assert started(town) == 0
    town.commit("one", DRIFT)
    town.settle()
    assert started(town) == 1


def test_a_training_that_failed_holds_it() -> None:
    town = serving()
    town.commit("fail", DRIFT)
    alarm(town)
    new_data(town, 10)
    town.settle()
    assert started(town) == 0
    assert "training failed" in said(town)


def test_a_hold_holds_it() -> None:
    town = Town().with_a_candidate(DRIFT)
    town.roll_to_its_end()
    town.ask("rollback")
    town.settle()
    town.commit("one", DRIFT)
    alarm(town)
    new_data(town, 10)
    town.settle()
    assert started(town) == 0
    assert "headway resume" in said(town)


def test_it_stops_after_two_that_were_not_promoted_until_a_person_resumes() -> None:
    town = serving(DRIFT.replace("1h", "0s"))
    alarm(town)
    for _ in range(2):
        seen = Retraining(cause="drift", state="started", why="as the loop would")
        town.memory.book.write(
            [Draft(subject=Subject(model="delay"), seen=seen)], main=town.memory.main, subject="Retrain"
        )
    new_data(town, 30)
    town.settle()
    assert started(town) == 2
    assert "not promoted" in said(town)
    town.ask("resume")
    town.settle()
    assert started(town) == 3
