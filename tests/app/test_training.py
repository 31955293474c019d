"""`headway train` on a real repository: every step is named, with how it went and the record it made."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from tests.adapters.git import repository

from headway.adapters.store.folder import FolderStore
from headway.app.cli import train
from headway.app.errors import RefusedError
from headway.evidence.record import Trained

# What it writes is no model, so that packaging refuses it before it needs a converter or a network.
PROGRAM = b"import sys; open('model.joblib', 'w').write(sys.argv[1]); print('trained')\n"
FILES = {
    "headway.yaml": b"""
apiVersion: headway.dev/v1alpha1
kind: Project
metadata: {name: demo}
spec: {environments: [production]}
""",
    "environments/production.yaml": b"""
apiVersion: headway.dev/v1alpha1
kind: Environment
metadata: {name: production}
spec: {traffic: live}
""",
    "models/delay/model.yaml": b"""
apiVersion: headway.dev/v1alpha1
kind: Model
metadata: {name: delay}
spec:
  task: {kind: classification, label: late}
  data: {train: train.csv, test: test.csv}
  train: {run: "python train.py {depth}", params: {depth: 6}, files: [train.py]}
  serve: {replicas: {min: 2, max: 4}}
  gates:
    - {metric: auc, at_least: 0.7}
""",
    "models/delay/train.py": PROGRAM,
    "models/delay/requirements.lock": b"",
    "models/delay/train.csv": b"x,late\n1,0\n2,1\n",
    "models/delay/test.csv": b"x,late\n3,0\n4,1\n",
}


class Team:
    """A repository; nothing of it or of the machine's user is shared with another test."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = repository.make(folder / "repo")
        repository.commit(self.folder, FILES)
        own = {"HOME": str(folder), "HEADWAY_CONFIG": str(folder / "config"), "HEADWAY_CACHE": str(folder / "cache")}
        for name, value in {**repository.ENVIRON, **own, "PIP_NO_INDEX": "1", "PATH": os.environ["PATH"]}.items():
            monkeypatch.setenv(name, value)

    def train(self, *options: str) -> dict[str, Any]:
        """Run the command; what it prints.  Packaging fails, and the command with it."""
        result = CliRunner().invoke(train.command, ["delay", "--repo", str(self.folder), "-o", "json", *options])
        assert isinstance(result.exception, RefusedError), result.exception
        found: dict[str, Any] = json.loads(result.output)
        return found


def states(found: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(step["name"], step["state"], step["outcome"]) for step in found["steps"]]


def test_each_step_is_named_with_whether_it_ran_and_the_record_it_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    team = Team(tmp_path, monkeypatch)
    first = team.train()
    assert states(first) == [("environment", "ran", "ok"), ("train", "ran", "ok"), ("package", "ran", "failed")]
    assert first["outcome"] == "failed"
    assert "The scan refuses model.joblib" in first["reason"]
    store = FolderStore(team.folder / ".headway" / "store")
    record = json.loads(store.read(first["record"]))
    assert [step["key"] for step in record["steps"]] == [step["key"] for step in first["steps"]]
    assert set(record) <= {"kind", *Trained.__struct_fields__}
    assert store.read(first["steps"][1]["log"]) == b"trained\n"

    replicas = team.folder / "models" / "delay" / "model.yaml"
    replicas.write_bytes(replicas.read_bytes().replace(b"min: 2, max: 4", b"min: 3, max: 9").replace(b"0.7", b"0.8"))
    again = team.train()
    assert states(again)[:2] == [("environment", "cached", "ok"), ("train", "cached", "ok")]
    assert again["steps"][1]["key"] == first["steps"][1]["key"]

    assert states(team.train("--set", "depth=7"))[1] == ("train", "ran", "ok")
    (team.folder / "models" / "delay" / "train.csv").write_bytes(b"x,late\n1,1\n2,1\n")
    assert states(team.train())[1] == ("train", "ran", "ok")


def test_an_unknown_parameter_names_those_that_are_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    team = Team(tmp_path, monkeypatch)
    result = CliRunner().invoke(train.command, ["delay", "--repo", str(team.folder), "--set", "dept=7"])
    assert "'dept' is no parameter of delay; there are: depth." in str(result.exception)
