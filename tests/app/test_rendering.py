"""`headway render` over a real record: what is released, and nothing that nobody watches."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from tests.adapters.git import repository
from tests.app.test_proving import FILES
from tests.fakes.history import ONE, TWO, release, sound
from tests.fakes.signing import MemorySigning
from tests.render.schemas import faults

from headway.adapters.git.journal import GitJournal
from headway.app.cli import keys
from headway.app.cli.render import command
from headway.evidence.vsa import check_release
from headway.reconcile.ports import Change

CLUSTER = b"""
apiVersion: headway.dev/v1alpha1
kind: Environment
metadata: {name: production}
spec: {traffic: live, target: kubernetes, router: gateway-api, namespace: models}
"""


class Place:
    """A repository in whose production 1.1.0 is stable; a test may start another rollout."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.repo = repository.make(folder / "repo")
        self.main = repository.commit(self.repo, {**FILES, "environments/production.yaml": CLUSTER})
        for name, value in repository.ENVIRON.items():
            monkeypatch.setenv(name, value)
        self.branch = sound(main=self.main)

    def render(self, *options: str) -> list[dict[str, Any]]:
        """Write the branch and run the command; the objects it printed."""
        journal = GitJournal(self.repo, environ=repository.ENVIRON, now=lambda: 1.0)
        for commit in self.branch.commits:
            journal.append(Change(files=commit.files, subject="Write"))
        done = CliRunner().invoke(command, ["--repo", str(self.repo), *options])
        assert done.exit_code == 0, done.exception
        self.told = done.stderr
        return [item for item in yaml.safe_load_all(done.stdout) if item]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    return Place(tmp_path, monkeypatch)


def test_every_object_of_a_real_record_is_one_that_a_server_takes(place: Place) -> None:
    items = place.render()
    assert [fault for item in items for fault in faults(item)] == []
    assert {item["kind"] for item in items} >= {"Deployment", "Service", "HTTPRoute", "HorizontalPodAutoscaler"}


def test_the_statement_of_the_record_is_mounted_and_lets_the_bundle_in(place: Place) -> None:
    (found,) = [item for item in place.render() if item["metadata"]["name"].endswith("-release")]
    statement = found["data"][f"{TWO.version}.dsse.json"].encode()
    keys = {"decider": MemorySigning("decider").public}
    assert check_release(statement, keys=keys, bundle=TWO.bundle, environment="production") == ""


def test_the_keys_that_are_told_are_those_of_the_deciders(place: Place) -> None:
    place.render()
    told = CliRunner().invoke(keys.command, ["production", "--repo", str(place.repo)])
    assert json.loads(told.stdout) == {"decider": MemorySigning("decider").public}
    nobody = CliRunner().invoke(keys.command, ["nowhere", "--repo", str(place.repo)])
    assert "somebody may into: production" in str(nobody.exception)


def test_a_candidate_runs_and_gets_no_request(place: Place) -> None:
    release(place.branch, "started", TWO, ONE, MemorySigning("decider"))
    items = place.render()
    (route,) = [item for item in items if item["kind"] == "HTTPRoute"]
    weights = {ref["name"]: ref["weight"] for ref in route["spec"]["rules"][0]["backendRefs"]}
    assert weights == {"delay-production-1-1-0": 100_000, "delay-production-1-0-0": 0}
    assert sum(item["kind"] == "Deployment" for item in items) == 2


def test_files_are_written_by_environment_and_model(place: Place, tmp_path: Path) -> None:
    place.render("--to", str(tmp_path / "out"))
    assert [path.relative_to(tmp_path / "out").as_posix() for path in tmp_path.glob("out/*/*")] == [
        "production/delay.yaml"
    ]


def test_what_is_not_released_is_told(place: Place) -> None:
    other = FILES["models/delay/model.yaml"].replace(b"name: delay", b"name: other")
    files = {"models/other/model.yaml": other, "models/other/train.py": b"", "models/other/requirements.lock": b""}
    repository.commit(place.repo, files)
    place.render()
    assert place.told == "not rendered: other in production: nothing is released there\n"
