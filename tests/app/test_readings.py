"""What was read of a record is kept, told on from there, and never believed when it is not ours."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.adapters.git import repository
from tests.fakes.branch import Branch
from tests.fakes.history import judge, sound, train

from headway.adapters.git.journal import GitJournal
from headway.app import readings
from headway.app.cli import history
from headway.app.readings import keep_reading, kept_reading, readings_of
from headway.app.repository import Repository, open_repository
from headway.app.wiring import read_book
from headway.evidence.ledger import Ledger
from headway.reconcile.book import Reading
from headway.reconcile.ports import Change
from headway.spec.release import Served


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    folder = repository.make(tmp_path / "repo")
    repository.commit(folder, {"headway.yaml": b""})
    for name, value in {**repository.ENVIRON, "HEADWAY_CACHE": str(tmp_path / "cache")}.items():
        monkeypatch.setenv(name, value)
    return open_repository(folder)


def long(versions: int = 20, seed: str = "") -> Branch:
    branch = sound(seed)
    for number in range(2, versions):
        served = Served(version=f"1.{number}.0", bundle=f"{number:064}")
        train(branch, served)
        judge(branch, served)
    return branch


def write(opened: Repository, branch: Branch, start: int = 0) -> None:
    journal = GitJournal(opened.root, environ=repository.ENVIRON, now=lambda: 1.0)
    for commit in branch.commits[start:]:
        journal.append(Change(files=commit.files, subject="Write"))


def forget(opened: Repository) -> None:
    repository.git(opened.root, "update-ref", "-d", "refs/heads/headway")


def told(opened: Repository) -> Sequence[str]:
    result = CliRunner().invoke(history.command, ["delay", "--repo", str(opened.root)])
    assert result.exit_code == 0, result.exception
    return [line for line in result.output.splitlines() if not line.startswith(" ")]  # the others say why


def place(opened: Repository) -> Path:
    return readings_of(opened.settings.folders.cache, opened.project)


def kept(opened: Repository) -> Path:
    return place(opened) / "ledger"


def test_a_book_goes_on_from_where_the_record_was_read_before(opened: Repository) -> None:
    branch = long()
    write(opened, branch)
    read_book(opened)
    begun = kept_reading(place(opened), "ledger", Reading)
    assert begun is not None
    assert begun.ledger == branch.ledger
    length = len(branch.commits)
    train(branch, Served(version="1.90.0", bundle="9" * 64))
    write(opened, branch, length)
    assert read_book(opened).ledger == branch.ledger


def test_a_story_goes_on_from_where_the_record_was_read_before(opened: Repository) -> None:
    branch = long()
    write(opened, branch)
    first = told(opened)
    length = len(branch.commits)
    train(branch, Served(version="1.90.0", bundle="9" * 64))
    write(opened, branch, length)
    assert told(opened)[:-1] == first
    assert "1.90.0" in told(opened)[-1]


def test_a_record_that_was_rewritten_is_read_from_its_beginning(opened: Repository) -> None:
    write(opened, long())
    told(opened)
    read_book(opened)
    forget(opened)
    other = sound()
    write(opened, other)
    assert len(told(opened)) == len(other.commits)
    assert read_book(opened).ledger == other.ledger


@pytest.mark.parametrize("cut", [0, 31, 40, -1])
def test_a_damaged_reading_is_read_anew(opened: Repository, cut: int) -> None:
    branch = long()
    write(opened, branch)
    read_book(opened)
    kept(opened).write_bytes(kept(opened).read_bytes()[:cut])
    assert kept_reading(place(opened), "ledger", Reading) is None
    assert read_book(opened).ledger == branch.ledger


def test_what_other_code_read_is_not_believed(opened: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    keep_reading(place(opened), "ledger", Reading(commit="a" * 40, ledger=Ledger()))
    assert kept_reading(place(opened), "ledger", Reading) is not None
    monkeypatch.setattr(readings, "_code", lambda: b"other")
    assert kept_reading(place(opened), "ledger", Reading) is None


def test_nothing_is_kept_where_a_commit_could_put_it(opened: Repository) -> None:
    write(opened, long())
    read_book(opened)
    assert not kept(opened).is_relative_to(opened.root)
    assert kept(opened).stat().st_mode & 0o077 == 0


def test_a_cache_that_cannot_be_written_stops_nobody(opened: Repository) -> None:
    opened.settings.folders.cache.write_text("a file, not a folder")
    branch = long()
    write(opened, branch)
    assert read_book(opened).ledger == branch.ledger
