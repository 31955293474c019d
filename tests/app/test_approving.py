"""`headway approve --at` on a real repository: what is signed, and what is refused before anything is."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.adapters.git import repository
from tests.app.test_proving import FILES, NAMES
from tests.fakes.history import sound

from headway.adapters.git.journal import GitJournal
from headway.adapters.signing.keys import create
from headway.app.cli import history, request, verify
from headway.app.errors import RefusedError
from headway.app.repository import open_repository
from headway.app.wiring import open_book
from headway.evidence.record import Subject, Trained
from headway.evidence.state import ModelState
from headway.reconcile.book import Draft
from headway.reconcile.ports import Change

PROJECT = """
apiVersion: headway.dev/v1alpha1
kind: Project
metadata: {{name: demo}}
spec:
  environments: [production]
  signers:
    - {{name: ann, key: "{key}", may: {{train: true, approve: [production], decide: [production]}}}}
"""
BUNDLE = "2" * 64


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository in which 1.0.0 was trained, with a key that may approve."""
    for name, value in {**repository.ENVIRON, "HEADWAY_CONFIG": str(tmp_path / "config")}.items():
        monkeypatch.setenv(name, value)
    folder = repository.make(tmp_path / "repo")
    project = PROJECT.format(key=create(tmp_path / "config" / "keys", "ann"))
    main = repository.commit(folder, {**FILES, "headway.yaml": project.encode()})
    asks(folder, "approve_at: [50, 100]")
    assert run(folder, request.approve, "--signers").exit_code == 0
    seen = Trained(recipe="r", train="t", cause="commit", steps=(), outcome="ok")
    draft = Draft(subject=Subject(model="delay", version="1.0.0", bundle=BUNDLE), seen=seen)
    open_book(open_repository(folder)).write([draft], main=main, subject="Train")
    return folder


def asks(repo: Path, rollout: str) -> None:
    """Main asks for this of every rollout."""
    spec = FILES["models/delay/model.yaml"] + f"  rollout: {{{rollout}}}\n".encode()
    repository.commit(repo, {"models/delay/model.yaml": spec})


def run(repo: Path, command: object, *arguments: str) -> Result:
    return CliRunner().invoke(command, [*arguments, "--repo", str(repo)])  # type: ignore[arg-type]


def approve(repo: Path, *arguments: str) -> Result:
    return run(repo, request.approve, "delay@1.0.0", "--to", "production", *arguments)


def state(repo: Path) -> ModelState:
    return open_book(open_repository(repo)).ledger.model("delay")


def refusal(result: Result) -> str:
    assert isinstance(result.exception, RefusedError), result.output
    return str(result.exception)


def test_an_approval_of_a_step_is_signed_for_the_bundle_and_told_by_the_history(repo: Path) -> None:
    said = approve(repo, "--at", "50", "--why", "seen in the board")
    assert "at the rollout's next look and with its evidence" in said.output, said.exception
    assert approve(repo, "--at", "100").exit_code == 0
    assert sorted(state(repo).approved_at[BUNDLE, "production"]) == [50.0, 100.0]
    assert state(repo).approved == frozenset()
    assert repository.git(repo, "log", "--format=%s", "-1", "headway") == "Ask to approve delay 1.0.0 at 100 %"
    told = run(repo, history.command, "delay").output
    assert "asked: approve 1.0.0 at 50 %" in told
    assert "seen in the board" in told


@pytest.mark.parametrize(
    ("rollout", "arguments", "said"),
    [
        ("approve_at: [50, 100]", ("--at", "30"), "No approval of delay is asked for at 30 % in production"),
        ("approve_at: [50, 100]", ("--at", "20"), "those: `--at 50`, `--at 100`"),
        ("approve_at: [50, 100]", (), "production asks for no approval of a start; delay asks for these: `--at 50`"),
        ("window: 60s", ("--at", "100"), "those: none"),
    ],
)
def test_an_approval_that_nobody_asks_for_is_refused(
    repo: Path, rollout: str, arguments: tuple[str, ...], said: str
) -> None:
    asks(repo, rollout)
    before = repository.git(repo, "rev-parse", "headway")
    assert said in refusal(approve(repo, *arguments))
    assert repository.git(repo, "rev-parse", "headway") == before


def test_where_nothing_arrives_no_step_is_approved(repo: Path) -> None:
    quiet = FILES["environments/production.yaml"].replace(b"live", b"none")
    repository.commit(repo, {"environments/production.yaml": quiet})
    assert "those: none" in refusal(approve(repo, "--at", "50"))


@pytest.mark.parametrize("at", ["0", "101", "half"])
def test_a_step_is_a_percentage(repo: Path, at: str) -> None:
    assert approve(repo, "--at", at).exit_code == 2


def test_verify_finds_a_promotion_without_the_approval_that_its_main_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {**repository.ENVIRON, "HEADWAY_CONFIG": str(tmp_path / "config")}.items():
        monkeypatch.setenv(name, value)
    folder = repository.make(tmp_path / "repo")
    repository.commit(folder, FILES)
    asks(folder, "approve_at: [100]")
    main = repository.git(folder, "rev-parse", "HEAD")
    journal = GitJournal(folder, environ=repository.ENVIRON, now=lambda: 1.0)
    for commit in sound(main=main, gates=NAMES).commits:
        journal.append(Change(files=commit.files, subject="Write"))
    told = run(folder, verify.command)
    assert told.exit_code == 1
    assert f"delay 1.1.0 in production: promoted without the approval at 100 %, which main {main[:12]}" in told.output
