"""The way of a change as a team sees it: commit, release, requests, canary, promotion."""

import pytest
from tests.e2e.team import Team

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


def test_a_commit_becomes_a_version_that_answers_requests(new_team: Team) -> None:
    up = new_team.start()
    new_team.await_version("1.0.0")
    with new_team.users() as users:
        new_team.until(lambda: users.tally.requests() > 200, "200 requests were answered")
    assert users.tally.failures == {}, users.tally.reasons
    assert set(users.tally.answers) == {"1.0.0"}
    assert [line for line in new_team.story() if "Release" in line] == [
        "Release delay 1.0.0 to staging",
        "Release delay 1.0.0 to production",
    ]
    assert "version: 1.0.0" in new_team.release()
    assert "consistent" in new_team.headway("verify")
    assert up.process.poll() is None


def test_a_second_commit_goes_through_a_canary_and_is_promoted(team: Team) -> None:
    team.start()
    team.await_version("1.0.0")
    with team.users(rate=200) as users:
        team.better()
        team.until(lambda: team.place().get("windows", 0) > 0, "a window of the canary was judged")
        team.await_version("1.1.0")
    assert users.tally.failures == {}, users.tally.reasons
    assert min(users.tally.answers["1.0.0"], users.tally.answers["1.1.0"]) > 0
    assert team.story()[-2:] == ["Start the rollout of delay 1.1.0 in production", "Promote delay 1.1.0 in production"]
    team.until(lambda: "Nothing to do." in team.headway("plan"), "the version before is no longer kept")
