"""Retraining: what makes it due, and every brake on it."""

import pytest
from msgspec import structs

from headway.decide.retrain import Situation, due
from headway.spec.monitor import Retrain

DAY = 86_400.0
NOW = 1000 * DAY
WISH = Retrain(when=("drift", "monthly"))
DRIFTED = Situation(now=NOW, trained=NOW - DAY, last=NOW - 2 * DAY, drift=True)


def test_a_drift_alarm_starts_a_retraining_and_calm_starts_none() -> None:
    assert due(WISH, DRIFTED).state == "start"
    assert due(WISH, DRIFTED).cause == "drift"
    assert due(WISH, structs.replace(DRIFTED, drift=False)).state == "none"
    assert due(Retrain(), DRIFTED).state == "none"


@pytest.mark.parametrize(("period", "days"), [("daily", 1), ("weekly", 7), ("monthly", 30)])
def test_a_period_is_over_when_so_many_days_passed_since_the_last_training(period: str, days: int) -> None:
    wish = Retrain(when=(period,))  # type: ignore[arg-type]
    assert due(wish, Situation(now=NOW, trained=NOW - days * DAY)).cause == period
    assert due(wish, Situation(now=NOW, trained=NOW - (days - 0.1) * DAY)).state == "none"


def test_retrainings_keep_their_distance_and_run_one_at_a_time() -> None:
    assert due(WISH, structs.replace(DRIFTED, last=NOW - 3600)).state == "none"
    assert due(WISH, structs.replace(DRIFTED, running=True)).state == "none"
    assert due(structs.replace(WISH, at_most_every=0.0), structs.replace(DRIFTED, last=NOW)).state == "start"


@pytest.mark.parametrize(
    ("held", "why"),
    [
        ({"refused": "auc is 0.68"}, "auc is 0.68"),
        ({"hold": "aborted 2.0.0"}, "resume"),
        ({"unpromoted": 2}, "not promoted"),
    ],
)
def test_each_brake_holds_a_retraining_with_its_reason(held: dict[str, object], why: str) -> None:
    found = due(WISH, structs.replace(DRIFTED, **held))
    assert found.state == "held"
    assert why in found.why
    assert due(WISH, structs.replace(DRIFTED, drift=False, **held)).state == "none"
