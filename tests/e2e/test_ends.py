"""How `headway up` ends, and that there is one of it."""

import pytest
from tests.e2e.team import MODEL, Team, until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


def test_ctrl_c_ends_traffic_first_and_leaves_nothing_running(team: Team) -> None:
    up = team.start()
    team.await_version("1.0.0")
    with team.users() as users:
        team.until(lambda: users.tally.requests() > 100, "users are there")
        assert up.interrupt() == 0
        assert team.processes() == {}
    reasons = {reason.split(":")[0] for reason in users.tally.reasons}
    assert reasons <= {"ConnectionRefusedError", "OSError"}, users.tally.reasons  # nothing that was accepted broke
    assert "Nothing was running." in team.headway("down")


def test_ctrl_c_while_it_trains_ends_the_training(new_team: Team) -> None:
    new_team.write(f"models/{MODEL}/train.py", "import time\ntime.sleep(3600)\n")
    new_team.commit("Train for an hour")
    up = new_team.start()
    until(lambda: new_team.processes("train.py"), "the training runs")
    assert up.interrupt() == 0
    new_team.until(lambda: not new_team.processes(), "the training ended with it", limit_s=20)
    assert not any("Train" in line for line in new_team.story())


def test_down_ends_everything_up_included(team: Team) -> None:
    up = team.start()
    team.await_version("1.0.0")
    assert "Everything has ended." in team.headway("down")
    assert up.process.wait(60) == 0
    assert team.processes() == {}


def test_a_second_up_is_refused_and_told_who_holds_the_lease(team: Team) -> None:
    up = team.start()
    team.await_version("1.0.0")
    second = team.run("up")
    assert second.returncode == 1
    assert f"process {up.pid} on" in second.stderr
    assert team.serves("1.0.0")
    up.kill()
    team.start()
    team.await_version("1.0.0")
