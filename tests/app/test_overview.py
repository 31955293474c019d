"""`status` and `plan` on a real repository with a remote: they show, and leave every byte as it was."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.adapters.git import repository
from tests.app.test_proving import FILES, NAMES
from tests.fakes.history import sound, train

from headway.adapters.git.journal import GitJournal
from headway.app.cli import plan, request, status
from headway.app.errors import RefusedError
from headway.reconcile.ports import Change
from headway.spec.release import Served


def bytes_of(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, but Git's own caches of what it has read."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone whose remote has moved on since it was fetched last."""
    for name, value in {**repository.ENVIRON, "HEADWAY_CONFIG": str(tmp_path / "config")}.items():
        monkeypatch.setenv(name, value)
    bare, team = repository.make_bare(tmp_path / "remote"), repository.make(tmp_path / "team")
    main = repository.commit(team, FILES)
    repository.git(team, "remote", "add", "origin", bare.as_uri())
    repository.git(team, "push", "--quiet", "origin", "main")
    mine = repository.clone(bare, tmp_path / "mine")
    journal = GitJournal(mine, environ=repository.ENVIRON, remote="origin", now=lambda: 1.0)
    for commit in sound(main=main, gates=NAMES).commits:
        journal.append(Change(files=commit.files, subject="Write"))
    repository.commit(team, {"models/delay/train.py": b"print()\n"})
    repository.git(team, "push", "--quiet", "origin", "main")
    return mine


@pytest.mark.parametrize("command", [status.command, plan.command])
def test_looking_changes_no_byte_and_fetches_nothing(repo: Path, command: object) -> None:
    before = bytes_of(repo)
    for output in ("text", "json"):
        shown = CliRunner().invoke(command, ["--repo", str(repo), "-o", output])  # type: ignore[arg-type]
        assert shown.exit_code == 0, shown.output
        assert "delay" in shown.output
    after = bytes_of(repo)
    assert after.keys() == before.keys()
    assert [path for path in after if after[path] != before[path]] == []


def test_the_status_says_what_waits_to_be_pushed_and_what_serves(repo: Path) -> None:
    shown = CliRunner().invoke(status.command, ["--repo", str(repo), "-o", "json"])
    view = json.loads(shown.output)
    assert view["unpushed"] == 9
    (model,) = view["models"]
    assert model["places"][0]["stable"] == "1.1.0"
    assert (view["held_by"], view["supervisor"]) == ("", 0)


def test_a_promotion_of_what_is_stable_already_is_refused_at_once(repo: Path) -> None:
    said = CliRunner().invoke(request.promote, ["delay@1.1.0", "--to", "production", "--repo", str(repo)])
    assert "is stable in production already" in str(said.exception)


def test_a_rollback_to_a_version_that_was_never_stable_here_is_refused_at_once(repo: Path) -> None:
    branch = sound(main=repository.git(repo, "rev-parse", "HEAD"), gates=NAMES)
    train(branch, Served(version="1.2.0", bundle="3" * 64))
    repository.git(repo, "update-ref", "-d", "refs/heads/headway")
    journal = GitJournal(repo, environ=repository.ENVIRON, remote="origin", now=lambda: 1.0)
    for commit in branch.commits:
        journal.append(Change(files=commit.files, subject="Write"))
    said = CliRunner().invoke(request.rollback, ["delay", "--to", "1.2.0", "--env", "production", "--repo", str(repo)])
    assert "was never stable in production" in str(said.exception)
    assert "1.0.0, 1.1.0" in str(said.exception)


def test_a_single_model_is_shown_alone_and_an_unknown_one_is_refused(repo: Path) -> None:
    shown = CliRunner().invoke(status.command, ["delay", "--repo", str(repo)])
    assert shown.exit_code == 0
    assert "delay   " in shown.output
    with pytest.raises(RefusedError, match="the models are delay"):
        CliRunner().invoke(status.command, ["dealy", "--repo", str(repo)], catch_exceptions=False)


@pytest.mark.parametrize("output", ["text", "json"])
def test_ctrl_c_ends_the_watching_of_a_model_cleanly(repo: Path, output: str) -> None:
    command = [sys.executable, "-m", "headway", "status", "delay", "--watch", "--repo", str(repo), "-o", output]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ}) as watching:
        assert watching.stdout
        assert watching.stderr
        first = watching.stdout.readline()
        watching.send_signal(signal.SIGINT)
        rest, said = watching.stdout.read(), watching.stderr.read()
    assert watching.returncode == 130
    assert first.startswith(b"main " if output == "text" else b"{")
    assert b"\x1b" not in first + rest
    assert b"Traceback" not in said
