"""Several models in one repository: what is wrong with one is told, and stops no other."""

import pytest
from tests.e2e.installed import pins
from tests.e2e.team import TRAIN_PY, Team, model_yaml

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]


def test_a_broken_model_stops_no_other(team: Team) -> None:
    for name in ("fare", "fuel"):
        team.add_model(name, pins())
    team.write("models/fare/train.py", "raise SystemExit('the fares are not here')\n")
    team.write("models/fuel/model.yaml", model_yaml("fuel").replace("gates:", "gaits:"))
    team.commit("Add two models that are not ready")
    team.start()
    team.await_version("1.0.0")
    team.until(lambda: team.model("fare").get("reason") == "TrainingFailed", "the failed training is told")
    assert "the fares are not here" in team.model("fare")["message"]
    assert team.model("fare")["help"] == "headway logs fare"
    with team.users(rate=200):
        team.better()
        team.await_version("1.1.0")
    team.write("models/fare/train.py", TRAIN_PY)
    team.commit("Bring the fares")
    team.await_version("1.0.0", "fare")
    checked = team.run("check")
    assert checked.returncode == 1
    assert "gaits" in checked.stdout
    assert "gates" in checked.stdout
