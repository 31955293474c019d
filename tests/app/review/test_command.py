"""`headway review` on a real repository: the work tree, a branch, and a clone without a key."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.adapters.git import repository
from tests.app.test_proving import FILES

from headway.app.cli.review import command
from headway.app.errors import RefusedError

MODEL = "models/delay/model.yaml"


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in {**repository.ENVIRON, "HEADWAY_CONFIG": str(tmp_path / "config")}.items():
        monkeypatch.setenv(name, value)
    made = repository.make(tmp_path / "repo")
    repository.commit(made, {**FILES, ".gitignore": b".headway/\n"})
    return made


def run(repo: Path, *words: str) -> Result:
    return CliRunner().invoke(command, [*words, "--repo", str(repo)])


def replicas(repo: Path) -> bytes:
    return (repo / MODEL).read_bytes() + b"  serve: {replicas: {min: 2, max: 3}}\n"


def test_the_work_tree_is_compared_with_main(repo: Path) -> None:
    assert "untouched: delay" in run(repo).stdout
    (repo / MODEL).write_bytes(replicas(repo))
    text = run(repo).stdout
    assert "## Review of the work tree against main `" in text
    assert "- **delay**: no new version; the change takes force where it serves" in text
    assert "| `serve.replicas.min` | `1` | `2` |" in text


def test_a_branch_is_reviewed_in_a_clone_without_a_key(repo: Path, tmp_path: Path) -> None:
    repository.git(repo, "checkout", "-q", "-b", "feature")
    change = repository.commit(repo, {MODEL: replicas(repo)})
    repository.git(repo, "checkout", "-q", "main")
    clone = repository.clone(repo, tmp_path / "clone")
    view = json.loads(run(clone, "origin/feature", "-o", "json").stdout)
    assert view["change"] == change
    assert [(model["model"], model["outcome"]) for model in view["models"]] == [("delay", "unjudged")]
    assert not repository.git(clone, "for-each-ref", "refs/heads/headway")


def test_check_leaves_with_one_when_a_spec_is_broken(repo: Path) -> None:
    (repo / MODEL).write_bytes((repo / MODEL).read_bytes() + b"  servce: {}\n")
    shown = run(repo)
    assert shown.exit_code == 0
    assert "What is wrong with the specs" in shown.stdout
    assert "servce" in shown.stdout
    assert isinstance(run(repo, "--check").exception, RefusedError)


def test_a_name_that_stands_for_nothing_is_refused(repo: Path) -> None:
    assert "'nowhere' names no commit" in str(run(repo, "nowhere").exception)
