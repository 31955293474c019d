"""A shadow, and then an experiment of three versions, from commits to what answers: one team, and users with names."""

import http.client
import threading
import time
from itertools import count, groupby
from pathlib import Path
from typing import Self

import pytest
from tests.e2e.team import MODEL, Team
from tests.e2e.verdicts import ERRORS, asked, found, model_yaml, write_version

from headway.app.demo.traffic import body_of

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

DEADLINE = "deadline: {after: 5m, then: rollback}"
SHADOW = f"strategy: shadow, shadow: {{agree_at_least: 90%}}, {DEADLINE}"
# No divisor is shared with the number of rows, so that every user asks every row in time.
USERS, RATE = 499, 200.0


class Users:
    """People who ask one after the other, each known by a header; which versions answered whom, in turn."""

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        self.met: dict[str, list[str]] = {}
        self._stop = threading.Event()
        self._connection = http.client.HTTPConnection(host, int(port), timeout=20)
        self._thread = threading.Thread(target=self._ask, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(timeout=30)
        self._connection.close()

    def forget(self) -> None:
        """Begin to count anew."""
        self.met = {}

    def _ask(self) -> None:
        rows, begun = asked(), time.monotonic()
        for number in count():
            if self._stop.wait(max(0.0, begun + number / RATE - time.monotonic())):
                return
            user, body = f"user-{number % USERS}", body_of(rows[number % len(rows)])
            headers = {"Content-Type": "application/json", "x-user-id": user}
            self._connection.request("POST", f"/v2/models/{MODEL}/infer", body, headers)
            answer = self._connection.getresponse()
            answer.read()
            self.met.setdefault(user, []).append(answer.headers.get("headway-version", ""))

    def stories(self) -> set[tuple[str, ...]]:
        """The versions that somebody met, one after the other; each once for as long as it answered."""
        # They ask meanwhile: a list is made at one go.
        return {tuple(version for version, _ in groupby(list(met))) for met in list(self.met.values())}


def between_users(*also: str) -> str:
    """An experiment of the newest version and of these; longer than it takes to train the next one beside it."""
    listed = ", ".join(f'"{version}"' for version in also)
    arms = f"ab: {{header: x-user-id, share: 66, wins_when: safe, also: [{listed}]}}"
    return f"strategy: ab, {arms}, {DEADLINE}, at_least: 1m"


def commit(team: Team, fault: str, number: int, rollout: str) -> None:
    # A copy of few requests is slower on two cores, which is not the matter here.
    team.write(f"models/{MODEL}/model.yaml", model_yaml(rollout, ERRORS))
    write_version(team, fault, number)
    team.commit(f"Version {number}: {fault}")


def of_a_shadow(team: Team, users: Users) -> None:
    """Copies answer nobody before the promotion, and their pairs are in the record."""
    commit(team, "none", 1, SHADOW)
    team.until(team.rollout, "the shadow began")
    users.forget()
    team.await_version("1.1.0")
    assert users.stories() <= {("1.0.0",), ("1.1.0",), ("1.0.0", "1.1.0")}
    seen = team.rolled_out()
    assert (seen.outcome, seen.rollout.split) == ("promoted", "copies")
    assert seen.rollout.tally
    assert seen.rollout.tally.pairs
    assert seen.rollout.tally.pairs.pairs > 0


def of_an_experiment(team: Team, users: Users) -> None:
    """Who fails leaves, the other one wins, and no user ever goes from one version to another but by these two."""
    commit(team, "none", 2, between_users())
    team.until(lambda: team.weights().get("1.2.0"), "1.2.0 has users")
    commit(team, "errors", 3, between_users("1.2.0"))
    team.until(lambda: team.weights().get("1.3.0"), "1.3.0 has users beside it")
    time.sleep(1.0)  # until the last answer by the weights before
    users.forget()
    team.until(lambda: team.serves("1.2.0"), "1.2.0 serves alone", 400.0)
    stories = users.stories()
    assert stories <= {
        *(("1.1.0",), ("1.2.0",), ("1.1.0", "1.2.0")),
        *(("1.3.0",), ("1.3.0", "1.1.0"), ("1.3.0", "1.1.0", "1.2.0"), ("1.3.0", "1.2.0")),
    }
    assert {("1.2.0",), ("1.1.0", "1.2.0")} < stories
    seen = team.rolled_out()
    assert (seen.outcome, seen.rollout.split) == ("promoted", "users")
    assert seen.rollout.why.startswith("1.2.0 wins")
    assert "1.3.0 dropped" in seen.rollout.why


def test_a_shadow_and_an_experiment_of_three_versions_end_as_they_must(tmp_path: Path, cache: Path) -> None:
    team = found(tmp_path, cache)
    try:
        team.start()
        team.until(lambda: team.place().get("stable") and team.place().get("address"), "the first version serves")
        with Users(team.place()["address"]) as users:
            of_a_shadow(team, users)
            of_an_experiment(team, users)
        assert "consistent" in team.headway("verify")
        team.headway("replay")
    finally:
        left = team.end()
    assert left == []
