"""Something that is needed is away for a while: it is told, nothing is lost, and the work goes on when it is back."""

import resource
import shutil

import pytest
from tests.adapters.steps.workshop import flights
from tests.e2e.team import MODEL, Team

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

ANY = resource.RLIM_INFINITY


def test_a_disk_without_room_is_told_and_the_work_goes_on_when_there_is_some(new_team: Team) -> None:
    flights(20_000).to_csv(new_team.repo / f"models/{MODEL}/data/early.csv", index=False)
    up = new_team.start()
    # Larger files cannot be written, as on a disk that is full; `up` is still reading its modules.
    resource.prlimit(up.pid, resource.RLIMIT_FSIZE, (100_000, ANY))
    new_team.until(lambda: new_team.model().get("reason") == "Failed", "status tells what is wrong")
    assert "too large" in new_team.model()["message"]
    assert not any("Lock" in line for line in new_team.story())
    assert up.process.poll() is None
    resource.prlimit(up.pid, resource.RLIMIT_FSIZE, (ANY, ANY))
    new_team.await_version("1.0.0")
    assert new_team.model()["reason"] == "Converged"
    assert "consistent" in new_team.headway("verify")


def test_a_remote_that_is_away_is_told_and_gets_everything_later(team: Team) -> None:
    remote = team.folder / "remote.git"
    team.git("clone", "-q", "--bare", str(team.repo), str(remote))
    team.git("remote", "add", "--fetch", "origin", str(remote))
    team.start(environ={"HEADWAY_FETCH": "0.5"})
    team.await_version("1.0.0")
    away = remote.with_name("away.git")
    remote.rename(away)
    team.until(lambda: "not up to date: origin" in team.headway("status"), "status tells that the remote is away")
    team.headway("rollback", MODEL, "--to", "1.0.0", "--why", "try it out")
    team.until(lambda: team.story()[-1].startswith("Roll delay back"), "it is carried out all the same")
    team.until(lambda: team.status()["unpushed"] >= 2, "status counts what waits to be pushed")
    assert team.serves("1.0.0")
    away.rename(remote)
    team.until(lambda: not team.status()["unpushed"], "all is pushed")
    assert team.git("--git-dir", str(remote), "rev-parse", "headway") == team.head()
    assert team.status()["problem"] == ""
    shutil.rmtree(remote)
