"""A retreat at once needs nothing but the supervisor: not the record, not Git, not a running `up`."""

import pytest
from tests.e2e.canary import in_canary, settled
from tests.e2e.team import MODEL, Team

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]


def test_a_rollback_at_once_is_obeyed_while_git_cannot_be_written_and_written_when_it_can(team: Team) -> None:
    team.start()
    team.await_version("1.0.0")
    lock = team.repo / ".git/refs/heads/headway.lock"
    with team.users(rate=200) as users:
        in_canary(team)
        lock.touch()
        said = team.headway("rollback", MODEL, "--now")
        assert "traffic is on stable" in said
        assert "headway.lock" in said
        team.until(lambda: team.weights() == {"1.0.0": 100.0}, "stable alone is in force")
        team.until(lambda: "not written yet" in team.headway("status"), "status says that it is not written")
        answered = users.tally.answers["1.1.0"], users.tally.answers["1.0.0"]
        team.until(lambda: users.tally.answers["1.0.0"] > answered[1] + 500, "500 more answers")
        assert users.tally.answers["1.1.0"] == answered[0]
        assert not any("roll" in line.lower() and "start" not in line.lower() for line in team.story())
        lock.unlink()
        settled(team, "1.0.0")
    assert team.story()[-2:] == ["Ask to rollback delay 1.0.0", "Roll delay back to 1.0.0 in production"]
    assert "not written" not in team.headway("status")
    assert team.model()["hold"]
    assert users.tally.failures == {}, users.tally.reasons


def test_a_rollback_at_once_is_obeyed_by_the_next_up(team: Team) -> None:
    up = team.start()
    team.await_version("1.0.0")
    lock = team.repo / ".git/refs/heads/headway.lock"
    with team.users(rate=200) as users:
        in_canary(team)
        up.kill()
        lock.touch()
        team.headway("rollback", MODEL, "--now")
        assert team.weights()["1.1.0"] == 0
        lock.unlink()
        team.start()
        settled(team, "1.0.0")
    assert team.story()[-2:] == ["Ask to rollback delay 1.0.0", "Roll delay back to 1.0.0 in production"]
    assert users.tally.failures == {}, users.tally.reasons
