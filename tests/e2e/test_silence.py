"""Nobody decides any more: traffic goes back to stable by itself, goes on, and whoever comes next takes it up there."""

import os
import signal
import time

import pytest
from tests.e2e.canary import goes_on, in_canary, settled
from tests.e2e.team import Team, until

from headway.app.demo.traffic import Traffic

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]


def quiet_since(users: Traffic, version: str, others: int) -> float:
    """When this version answered last, known once the others have answered so many requests after it."""
    begin = users.tally.answers[version], users.tally.answers.total(), time.monotonic()
    end = time.monotonic() + 60
    while users.tally.answers.total() - begin[1] < others:
        assert time.monotonic() < end, f"{version} goes on answering"
        if users.tally.answers[version] != begin[0]:
            begin = users.tally.answers[version], users.tally.answers.total(), time.monotonic()
        time.sleep(0.01)
    return begin[2]


def test_killed_with_its_supervisor_in_a_canary_traffic_goes_back_to_stable_and_on(team: Team) -> None:
    up = team.start()
    team.await_version("1.0.0")
    with team.users(rate=200) as users:
        victims = (up.pid, team.supervisor())
        before = in_canary(team)
        for pid in victims:
            os.kill(pid, signal.SIGKILL)
        died = time.monotonic()
        back = quiet_since(users, "1.1.0", others=600)
        print(f"traffic was back on stable {back - died:.1f} s after `up` and the supervisor were killed")  # noqa: T201 - measured, shown with -rP
        assert team.weights()["1.1.0"] > 0  # nobody wrote this: Envoy let the endpoints lapse
        team.start()
        settled(team, "1.1.0")
    assert goes_on(before, team.rolled_out().rollout)
    assert users.tally.failures == {}, users.tally.reasons


def test_when_envoy_died_too_the_next_up_starts_on_stable(team: Team) -> None:
    up = team.start()
    team.await_version("1.0.0")
    address = team.place()["address"]
    envoys = set(team.processes("bootstrap-"))
    victims = (up.pid, team.supervisor(), *envoys)
    with team.users(rate=200):
        before = in_canary(team)
    for pid in victims:
        os.kill(pid, signal.SIGKILL)
    models = set(team.processes("headway.serve", "production"))
    team.start()
    until(lambda: set(team.processes("bootstrap-")) - envoys, "another Envoy runs", pause_s=0.01)
    assert team.weights() == {"1.0.0": 100.0, "1.1.0": 0.0}
    team.until(lambda: team.place().get("address"), "Envoy listens again")
    assert team.place()["address"] == address
    assert models == set(team.processes("headway.serve", "production")) & models  # adopted, not started anew
    with team.users(rate=200) as users:
        settled(team, "1.1.0")
    assert goes_on(before, team.rolled_out().rollout)
    assert users.tally.failures == {}, users.tally.reasons
