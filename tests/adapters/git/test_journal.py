"""The branch headway on real Git: crashes, races, rewritten remotes, odd configurations."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.adapters.git import repository
from tests.adapters.git.repository import ENVIRON

from headway.adapters.git.journal import GitJournal
from headway.adapters.git.program import Git
from headway.adapters.git.stale import STALE_S, clear_stale_lock
from headway.reconcile.ports import Change, Commit, MovedError, PortError


def writes(path: str, data: bytes | None = b"") -> Change:
    return Change(files={path: data}, subject="Write")


def unchanged(changes: Sequence[Change], _theirs: Sequence[Commit]) -> Sequence[Change]:
    return changes


def journal_of(repo: Path, *, remote: str | None = None) -> GitJournal:
    return GitJournal(repo, remote=remote, environ=ENVIRON, now=lambda: 1_700_000_000.0)


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return repository.make(tmp_path / "repo")


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    return repository.make_bare(tmp_path / "bare")


def looks(repo: Path) -> tuple[object, ...]:
    """All of a checkout that a person could notice: status, HEAD, files, and the index to its last byte and tick."""
    index = repo / ".git" / "index"
    before = index.read_bytes(), index.stat().st_mtime_ns, index.stat().st_ino
    files = {path: path.read_bytes() for path in repo.iterdir() if path.is_file()}
    status = repository.git(repo, "--no-optional-locks", "status", "--porcelain", "--branch")
    return before, files, status, (repo / ".git" / "HEAD").read_bytes()


def a_full_turn(journal: GitJournal) -> None:
    """Everything that a pass does with the record."""
    journal.refresh()
    journal.append(writes("a", b"record"))
    list(journal.commits())
    journal.files("")
    journal.publish(unchanged)


def test_work_tree_index_and_head_stay_as_they_were(bare: Path, tmp_path: Path) -> None:
    repo = repository.clone(bare, tmp_path / "repo")
    repository.commit(repo, {"a": b"1"})
    repository.git(repo, "push", "--quiet", "origin", "HEAD:main")
    (repo / "a").write_bytes(b"dirty")
    (repo / "b").write_bytes(b"staged")
    repository.git(repo, "add", "b")
    other = journal_of(repository.clone(bare, tmp_path / "other"), remote="origin")
    before = looks(repo)
    for remote in (None, "origin", "origin"):
        a_full_turn(other)  # so that ours has to fetch, and the last time to put its own behind
        a_full_turn(journal_of(repo, remote=remote))
        assert looks(repo) == before


def test_a_person_who_commits_meanwhile_is_not_disturbed(repo: Path) -> None:
    repository.commit(repo, {"a": b"0"})
    failed: list[str] = []

    def commit() -> None:
        try:
            for number in range(12):
                repository.commit(repo, {"a": str(number).encode()})
        except AssertionError as error:
            failed.append(str(error))

    person = threading.Thread(target=commit)
    person.start()
    for number in range(12):
        journal_of(repo).append(writes(str(number)))
    person.join()
    assert failed == []
    assert repository.git(repo, "rev-list", "--count", "main") == "13"
    assert len(list(journal_of(repo).commits())) == 12
    assert repository.git(repo, "status", "--porcelain") == ""
    repository.git(repo, "fsck", "--strict", "--no-dangling")


def test_a_checkout_of_the_record_stays_what_it_was_while_the_record_goes_on(repo: Path, tmp_path: Path) -> None:
    journal = journal_of(repo)
    repository.commit(repo, {"x": b"1"})
    first = journal.append(writes("a", b"1"))
    repository.git(repo, "worktree", "add", "--quiet", str(tmp_path / "linked"), "headway")
    (tmp_path / "linked" / "a").write_bytes(b"dirty")
    second = journal.append(writes("b", b"2"))
    assert journal.refresh().commit == second
    assert repository.git(tmp_path / "linked", "rev-parse", "HEAD") == first
    assert repository.git(tmp_path / "linked", "status", "--porcelain") == "M a"
    repository.git(repo, "checkout", "--quiet", "headway")
    journal.append(writes("c", b"3"))
    assert repository.git(repo, "status", "--porcelain") == ""
    repository.commit(repo, {"mine": b""})  # a slip: it goes nowhere near the record
    assert set(journal.files("")) == {"a", "b", "c"}
    assert [commit.subject for commit in journal.commits()] == ["Write"] * 3


def test_a_checkout_of_the_record_stays_what_it_was_when_others_push(bare: Path, tmp_path: Path) -> None:
    one = journal_of(repository.clone(bare, tmp_path / "one"), remote="origin")
    one.append(writes("a"))
    one.publish(unchanged)
    two = repository.clone(bare, tmp_path / "two", "--branch=headway")
    one.append(writes("b"))
    one.publish(unchanged)
    assert journal_of(two, remote="origin").refresh().commit == one.refresh().commit
    assert repository.git(two, "status", "--porcelain") == ""
    assert not (two / "b").exists()


def test_a_commit_has_an_author_of_its_own_a_body_and_trailers(repo: Path) -> None:
    for key, value in {"user.name": "Me", "user.email": "me@x", "commit.gpgSign": "true", "gpg.program": "/bin/false",
                       "i18n.commitEncoding": "latin1", "core.autocrlf": "true"}.items():  # fmt: skip
        repository.git(repo, "config", key, value)
    change = Change(
        files={"a": b"1\r\n"}, subject="Promote délay", body="It is\n\nbetter.", trailers={"Headway-Model": "delay"}
    )
    head = journal_of(repo).append(change)
    shown = repository.git(
        repo, "log", "-1", "--format=%an|%ae|%cn|%ct|%(trailers:key=Headway-Model,valueonly)|%B", head
    )
    assert shown.startswith("Headway|headway@localhost|Headway|1700000000|delay\n|Promote d")
    assert repository.git(repo, "cat-file", "commit", head).endswith(
        "Promote délay\n\nIt is\n\nbetter.\n\nHeadway-Model: delay"
    )
    assert journal_of(repo).files("") == {"a": b"1\r\n"}


@pytest.mark.parametrize("path", ["../x", "/x", ".git/config", "a/../b", "-x", 'a"b', "a\nb", "", "a//b"])
def test_paths_that_lead_elsewhere_are_not_written(repo: Path, path: str) -> None:
    with pytest.raises(PortError, match="is not written"):
        journal_of(repo).append(writes(path))
    assert journal_of(repo).refresh().commit == ""


@pytest.mark.parametrize("change", [
    Change(files={}, subject=""),
    Change(files={}, subject="two\nlines"),
    Change(files={}, subject="x", trailers={"Key": "two\nlines"}),
    Change(files={}, subject="x", trailers={"no key": "x"}),
])  # fmt: skip
def test_a_message_that_cannot_be_read_back_is_not_written(repo: Path, change: Change) -> None:
    with pytest.raises(PortError):
        journal_of(repo).append(change)


def test_a_commit_without_files_is_a_commit(repo: Path) -> None:
    head = journal_of(repo).append(Change(files={}, subject="Nothing"))
    assert [(commit.id, commit.files) for commit in journal_of(repo).commits()] == [(head, {})]


def test_an_empty_repository_and_a_detached_head_take_records(repo: Path) -> None:
    journal_of(repo).append(writes("a"))
    repository.commit(repo, {"x": b"1"})
    repository.git(repo, "checkout", "--quiet", "--detach")
    journal_of(repo).append(writes("b"))
    assert len(list(journal_of(repo).commits())) == 2


def test_hooks_do_not_run(repo: Path, tmp_path: Path) -> None:
    hook = repo / ".git" / "hooks" / "reference-transaction"
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\nexit 1\n")
    hook.chmod(0o755)
    journal_of(repo).append(writes("a"))
    assert not (tmp_path / "ran").exists()


def test_two_writers_of_one_repository_lose_nothing(repo: Path) -> None:
    def write(name: str) -> None:
        for number in range(8):
            journal_of(repo).append(writes(f"{name}/{number}"))

    writers = [threading.Thread(target=write, args=(name,)) for name in ("one", "two")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert len(list(journal_of(repo).commits())) == len(journal_of(repo).files("")) == 16


def test_two_writers_of_one_remote_lose_nothing(bare: Path, tmp_path: Path) -> None:
    journals = [journal_of(repository.clone(bare, tmp_path / name), remote="origin") for name in ("one", "two")]

    def write(journal: GitJournal, name: str) -> None:
        for number in range(5):
            journal.append(writes(f"{name}/{number}"))
            while journal.publish(unchanged).ahead:
                pass

    writers = [
        threading.Thread(target=write, args=(journal, name)) for journal, name in zip(journals, "ab", strict=True)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert {journal.refresh().commit for journal in journals} == {repository.git(bare, "rev-parse", "headway")}
    assert len(journals[0].files("")) == 10
    assert len(list(journals[0].commits())) == 10


def test_a_remote_that_is_away_loses_nothing(bare: Path, tmp_path: Path) -> None:
    journal = journal_of(repository.clone(bare, tmp_path / "repo"), remote="origin")
    journal.append(writes("a"))
    journal.publish(unchanged)
    bare.rename(tmp_path / "away")
    mine = journal.append(writes("b"))
    for head in (journal.refresh(), journal.publish(unchanged)):
        assert (head.commit, head.ahead) == (mine, 1)
        assert "origin" in head.problem
    (tmp_path / "away").rename(bare)
    head = journal.publish(unchanged)
    assert (head.commit, head.ahead, head.problem) == (mine, 0, "")
    assert repository.git(bare, "rev-parse", "headway") == mine


def test_a_remote_that_refuses_is_a_problem_and_no_loss(bare: Path, tmp_path: Path) -> None:
    journal = journal_of(repository.clone(bare, tmp_path / "repo"), remote="origin")
    (bare / "hooks" / "update").write_text("#!/bin/sh\nexit 1\n")
    (bare / "hooks" / "update").chmod(0o755)
    journal.append(writes("a"))
    head = journal.publish(unchanged)
    assert head.ahead == 1
    assert "hook declined" in head.problem


@pytest.mark.parametrize("how", ["cut", "rewritten", "deleted"])
def test_a_remote_whose_history_was_rewritten_is_refused(bare: Path, tmp_path: Path, how: str) -> None:
    journal = journal_of(repository.clone(bare, tmp_path / "repo"), remote="origin")
    for name in "abc":
        journal.append(writes(name))
    journal.publish(unchanged)
    if how == "cut":
        repository.git(bare, "update-ref", "refs/heads/headway", "headway~1")
    elif how == "rewritten":
        other = repository.git(bare, "commit-tree", "headway~1^{tree}", "-m", "Other")
        repository.git(bare, "update-ref", "refs/heads/headway", other)
    else:
        repository.git(bare, "update-ref", "-d", "refs/heads/headway")
    mine = journal.append(writes("d"))
    repository.git(tmp_path / "repo", "fetch", "--quiet", "--prune")  # a person's fetch moves the tracking ref
    for head in (journal.refresh(), journal.publish(unchanged)):
        assert (head.commit, head.ahead, head.rewritten) == (mine, 1, True)
        assert "which does not descend from" in head.problem
    cure = head.problem.rpartition("`git ")[2].removesuffix("`.")
    repository.git(tmp_path / "repo", *cure.split())
    assert (journal.publish(unchanged).problem, repository.git(bare, "rev-parse", "headway")) == ("", mine)


def test_a_merge_on_the_remote_is_refused(bare: Path, tmp_path: Path) -> None:
    one = journal_of(repository.clone(bare, tmp_path / "one"), remote="origin")
    one.append(writes("a"))
    one.publish(unchanged)
    two = journal_of(repository.clone(bare, tmp_path / "two"), remote="origin")
    two.refresh()
    head = repository.git(bare, "rev-parse", "headway")
    other = repository.git(bare, "commit-tree", "headway^{tree}", "-m", "Side")
    merge = repository.git(bare, "commit-tree", "headway^{tree}", "-p", head, "-p", other, "-m", "Merge")
    repository.git(bare, "update-ref", "refs/heads/headway", merge)
    seen = two.refresh()
    assert seen.rewritten
    assert "is a merge" in seen.problem
    assert two.files("") == {"a": b""}


def test_a_fresh_clone_sees_the_journal_even_while_the_remote_is_away(bare: Path, tmp_path: Path) -> None:
    one = journal_of(repository.clone(bare, tmp_path / "one"), remote="origin")
    head = one.append(writes("a"))
    one.publish(unchanged)
    clone = repository.clone(bare, tmp_path / "two")
    bare.rename(tmp_path / "away")
    assert journal_of(clone, remote="origin").refresh().commit == head


def test_a_shallow_journal_says_so_and_goes_on(bare: Path, tmp_path: Path) -> None:
    one = journal_of(repository.clone(bare, tmp_path / "one"), remote="origin")
    for name in "abc":
        one.append(writes(name))
    one.publish(unchanged)
    two = journal_of(repository.clone(bare, tmp_path / "two", "--depth=1", "--branch=headway"), remote="origin")
    assert two.refresh().shallow
    assert len(list(two.commits())) == 1
    two.append(writes("d"))
    assert two.publish(unchanged).ahead == 0
    one.append(writes("e"))
    assert one.publish(unchanged).ahead == 0
    assert two.refresh().commit == one.refresh().commit
    assert set(two.files("")) == set("abcde")


def test_an_unrelated_local_beginning_is_put_on_the_remotes(bare: Path, tmp_path: Path) -> None:
    one, two = (journal_of(repository.clone(bare, tmp_path / name), remote="origin") for name in ("one", "two"))
    bare.rename(tmp_path / "away")
    one.append(writes("one"))
    two.append(writes("two"))
    (tmp_path / "away").rename(bare)
    assert one.publish(unchanged).ahead == two.publish(unchanged).ahead == 0
    assert one.refresh().commit == two.refresh().commit
    assert set(one.files("")) == {"one", "two"}


def test_a_refusing_rewrite_leaves_everything_as_it_was(bare: Path, tmp_path: Path) -> None:
    one, two = (journal_of(repository.clone(bare, tmp_path / name), remote="origin") for name in ("one", "two"))
    one.append(writes("one"))
    one.publish(unchanged)
    mine = two.append(writes("two"))

    def refuse(_mine: Sequence[Change], _theirs: Sequence[Commit]) -> Sequence[Change]:
        raise PortError("no key")

    with pytest.raises(PortError, match="no key"):
        two.publish(refuse)
    assert two.refresh().commit == mine


def test_a_stale_lock_of_a_killed_git_is_cleared_and_a_fresh_one_is_not(repo: Path) -> None:
    journal = journal_of(repo)
    journal.append(writes("a"))
    lock = repo / ".git" / "refs" / "heads" / "headway.lock"
    lock.touch()
    assert not clear_stale_lock(Git(repo, ENVIRON), "refs/heads/headway")
    assert lock.exists()
    os.utime(lock, (lock.stat().st_mtime - STALE_S - 60,) * 2)
    journal.append(writes("b"))
    assert set(journal.files("")) == {"a", "b"}
    assert not lock.exists()


APPEND = """
import os, sys
from pathlib import Path
from headway.adapters.git.journal import GitJournal
from headway.reconcile.ports import Change
journal = GitJournal(Path(sys.argv[1]), environ=dict(os.environ))
for number in range(1000):
    name = f"{sys.argv[2]}-{number}"
    head = journal.append(Change(files={f"one/{name}": b"x" * 5000, f"two/{name}": b"y"}, subject=name))
    print(head, flush=True)
"""


@pytest.mark.parametrize("group", [False, True])
def test_a_kill_at_any_moment_leaves_a_whole_branch_with_every_commit_reported(repo: Path, *, group: bool) -> None:
    reported: list[str] = []
    for turn in range(6):
        with subprocess.Popen(
            [sys.executable, "-c", APPEND, str(repo), str(turn)],
            stdout=subprocess.PIPE, text=True, env=ENVIRON | {"PYTHONPATH": "src"}, start_new_session=group,
        ) as process:  # fmt: skip
            assert process.stdout
            reported += [process.stdout.readline().strip() for _ in range(2)]
            # Killed at another point of a commit each turn: after a growing piece of work.
            sum(range(turn * 60_000))
            (os.killpg if group else os.kill)(process.pid, signal.SIGKILL)
            reported += process.stdout.read().split()
    journal_of(repo).append(writes("after"))
    repository.git(repo, "fsck", "--strict", "--no-dangling")
    commits = list(journal_of(repo).commits())
    assert set(reported) <= {commit.id for commit in commits}
    files = journal_of(repo).files("")
    assert all(files[f"two/{commit.subject}"] == b"y" for commit in commits if "-" in commit.subject)


FULL = """
import os, resource, sys
from pathlib import Path
from headway.adapters.git.journal import GitJournal
from headway.reconcile.ports import Change, Commit, PortError
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    change = Change(files={"many/more": os.urandom(int(sys.argv[2]))}, subject="More")
    GitJournal(Path(sys.argv[1]), environ=dict(os.environ)).append(change)
except PortError as error:
    print("refused", error)
"""


@pytest.mark.parametrize("size", [10, 50_000])  # too much for a tree of many files; for git's input
def test_a_full_disk_leaves_the_branch_as_it_was(repo: Path, size: int) -> None:
    many = Change(files={f"many/{number}": str(number).encode() for number in range(1500)}, subject="Many")
    head = journal_of(repo).append(many)
    run = subprocess.run(
        [sys.executable, "-c", FULL, str(repo), str(size)],
        env=ENVIRON | {"PYTHONPATH": "src"}, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert run.stdout.startswith("refused")
    assert journal_of(repo).refresh().commit == head
    journal_of(repo).append(writes("b"))
    repository.git(repo, "fsck", "--strict", "--no-dangling")


def test_a_moved_head_is_told_apart_from_other_trouble(repo: Path) -> None:
    journal = journal_of(repo)
    head = journal.append(writes("a"))
    with pytest.raises(MovedError):
        journal.append(writes("b"), onto="")
    assert journal.refresh().commit == head


def test_git_that_hangs_is_stopped_with_all_its_children(repo: Path, tmp_path: Path) -> None:
    repository.git(repo, "config", "alias.hang", f"!sleep 1000 & echo $! > {tmp_path}/pid; wait")
    with pytest.raises(PortError, match="did not end in time"):
        Git(repo, ENVIRON).run("hang", limit_s=0.5)
    pid = int((tmp_path / "pid").read_text())
    state = Path(f"/proc/{pid}/stat")
    # Killed is killed, but the kernel takes a moment to bury it.
    until = time.monotonic() + 10
    while state.exists() and state.read_text().split()[2] != "Z":
        assert time.monotonic() < until


def test_a_missing_git_is_told(repo: Path) -> None:
    with pytest.raises(PortError, match="Install git"):
        Git(repo, {"PATH": "/nonexistent"}).run("status")
