"""`headway up` is killed where it hurts and started again: it converges, leaves no orphan, begins no test afresh."""

import os
import signal

import pytest
from tests.e2e.canary import goes_on, in_canary, settled
from tests.e2e.team import MODEL, TRAIN_PY, Team, model_yaml, until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

FAST_S = 0.001  # looks at files are cheap; what is looked for is soon gone


def test_killed_while_it_pins_the_data(new_team: Team) -> None:
    store = new_team.repo / ".headway/store"
    up = new_team.start()
    until(lambda: any(store.rglob("*")) if store.exists() else False, "the store holds something", pause_s=FAST_S)
    up.kill()
    assert not any("Lock" in line for line in new_team.story())
    new_team.start()
    settled(new_team, "1.0.0")


def test_killed_while_it_trains(new_team: Team) -> None:
    new_team.write(f"models/{MODEL}/train.py", f"import time\ntime.sleep(3)\n{TRAIN_PY}")
    new_team.commit("Train slowly")
    up = new_team.start()
    until(lambda: new_team.processes("train.py"), "the training runs", pause_s=0.02)
    up.kill()
    new_team.until(lambda: not new_team.processes("train.py"), "the training ended with its `up`", limit_s=20)
    assert not any("Train" in line for line in new_team.story())
    new_team.start()
    settled(new_team, "1.0.0")


def test_killed_while_it_measures(new_team: Team) -> None:
    gates = "[{metric: auc, at_least: 0.6}, {latency: p95, at_most: 2s, at: 50/s}]"
    new_team.write(f"models/{MODEL}/model.yaml", model_yaml(gates=gates))
    new_team.commit("Ask for speed")
    up = new_team.start()
    until(
        lambda: "Train delay 1.0.0" in new_team.story() and new_team.processes("headway.serve", "work"),
        "the version is measured",
        pause_s=0.02,
    )
    up.kill()
    new_team.until(lambda: not new_team.processes("headway.serve"), "the measuring ended with its `up`", limit_s=20)
    assert not any("Release" in line for line in new_team.story())
    new_team.start()
    settled(new_team, "1.0.0")


def test_killed_in_the_middle_of_a_canary(team: Team) -> None:
    up = team.start()
    team.await_version("1.0.0")
    with team.users(rate=200) as users:
        before = in_canary(team)
        up.kill()
        team.start()
        settled(team, "1.1.0")
    record = team.rolled_out()
    assert goes_on(before, record.rollout)
    assert record.outcome == "promoted"
    assert users.tally.failures == {}, users.tally.reasons


def test_killed_between_a_decision_and_what_follows(team: Team) -> None:
    up = team.start()
    team.await_version("1.0.0")
    with team.users(rate=200) as users:
        in_canary(team)
        head = team.head()
        until(lambda: team.head() != head, "the promotion is written", pause_s=FAST_S)
        up.kill()
        assert team.story()[-1] == "Promote delay 1.1.0 in production"
        team.start()
        settled(team, "1.1.0")
    assert users.tally.failures == {}, users.tally.reasons


def test_killed_while_it_rolls_back(team: Team) -> None:
    up = team.start()
    team.await_version("1.0.0")
    with team.users(rate=200) as users:
        team.better()
        team.await_version("1.1.0")
        team.headway("rollback", MODEL, "--to", "1.0.0")
        until(lambda: team.weights().get("1.0.0") == 100, "requests go to the first version", pause_s=FAST_S)
        up.kill()
        team.start()
        settled(team, "1.0.0")
    assert users.tally.failures == {}, users.tally.reasons
    assert team.model()["hold"]


def test_killed_with_its_supervisor_while_the_former_version_drains(team: Team) -> None:
    up = team.start()
    team.await_version("1.0.0")
    former = set(team.processes("headway.serve", "production"))
    supervisor = team.supervisor()
    with team.users(rate=200) as users:
        in_canary(team)
        head = team.head()
        until(lambda: team.head() != head, "the promotion is written", pause_s=FAST_S)
        until(lambda: team.weights().get("1.1.0") == 100, "every request goes to the promoted version", pause_s=FAST_S)
        for pid in (up.pid, supervisor):
            os.kill(pid, signal.SIGKILL)
        team.start()
        settled(team, "1.1.0")
    assert not former & set(team.processes("headway.serve"))
    assert users.tally.failures == {}, users.tally.reasons
