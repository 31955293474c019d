"""What every Journal does, the fake and the real one."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.adapters.git import repository
from tests.fakes.journal import MemoryJournal, MemoryRemote

from headway.adapters.git.journal import GitJournal
from headway.reconcile.ports import Change, Commit, Journal, MovedError, PortError


def writes(path: str, data: bytes | None, subject: str = "Write") -> Change:
    return Change(files={path: data}, subject=subject, body="Because.", trailers={"Headway-Model": "delay"})


def unchanged(changes: Sequence[Change], _theirs: Sequence[Commit]) -> Sequence[Change]:
    return changes


@pytest.fixture(params=["memory", "git"])
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> Journal:
    if request.param == "memory":
        return MemoryJournal()
    return GitJournal(repository.make(tmp_path / "repo"), environ=repository.ENVIRON)


@pytest.fixture(params=["memory", "git"])
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Journal, Journal]:
    if request.param == "memory":
        remote = MemoryRemote()
        return MemoryJournal(remote), MemoryJournal(remote)
    bare = repository.make_bare(tmp_path / "bare")
    one, two = (
        GitJournal(repository.clone(bare, tmp_path / name), remote="origin", environ=repository.ENVIRON)
        for name in ("one", "two")
    )
    return one, two


def rewrite_remote(journal: Journal) -> None:
    """Somebody with push rights replaces the remote's history by one that never saw the journal's."""
    if isinstance(journal, MemoryJournal):
        assert journal.remote
        stranger = MemoryJournal()
        stranger.append(writes("evil", b""))
        journal.remote.line = stranger.line
        return
    assert isinstance(journal, GitJournal)
    clone = journal._git.repo
    made = repository.git(clone, "commit-tree", "-m", "Evil", repository.git(clone, "mktree"))
    repository.git(clone, "push", "--quiet", "--force", "origin", f"{made}:refs/heads/headway")


def test_an_empty_journal_has_no_head_and_no_commits(journal: Journal) -> None:
    assert journal.refresh().commit == ""
    assert list(journal.commits()) == []
    assert journal.files("locks") == {}


def test_commits_come_oldest_first_with_what_they_wrote(journal: Journal) -> None:
    first = journal.append(writes("locks/a.yaml", b"1", "First"))
    second = journal.append(Change(files={"locks/a.yaml": None, "b": b""}, subject="Second"))
    found = list(journal.commits())
    assert [commit.id for commit in found] == [first, second]
    assert [commit.subject for commit in found] == ["First", "Second"]
    assert [commit.files for commit in found] == [{"locks/a.yaml": b"1"}, {"locks/a.yaml": None, "b": b""}]
    assert [commit.parents for commit in found] == [(), (first,)]
    assert journal.refresh().commit == second


def test_commits_after_one_are_those_after_it(journal: Journal) -> None:
    ids = [journal.append(writes("a", str(number).encode())) for number in range(3)]
    assert [commit.id for commit in journal.commits(ids[0])] == ids[1:]
    assert list(journal.commits(ids[2])) == []


def test_commits_after_a_stranger_are_an_error(journal: Journal) -> None:
    journal.append(writes("a", b"1"))
    with pytest.raises(PortError):
        journal.commits("f" * 40)


def test_files_are_those_at_the_head_below_a_folder(journal: Journal) -> None:
    journal.append(Change(files={"locks/a": b"1", "locks/deep/b": b"2", "locksmith": b"3"}, subject="Write"))
    journal.append(writes("locks/a", b"new"))
    assert journal.files("locks") == {"locks/a": b"new", "locks/deep/b": b"2"}
    assert journal.files("") == {"locks/a": b"new", "locks/deep/b": b"2", "locksmith": b"3"}
    assert journal.files("none") == {}


def test_an_append_onto_a_head_that_moved_is_refused(journal: Journal) -> None:
    head = journal.append(writes("a", b"1"), onto="")
    with pytest.raises(MovedError):
        journal.append(writes("a", b"2"), onto="")
    journal.append(writes("a", b"2"), onto=head)
    assert journal.files("") == {"a": b"2"}


def test_publishing_without_a_remote_changes_nothing(journal: Journal) -> None:
    head = journal.append(writes("a", b"1"))
    stand = journal.publish(unchanged)
    assert (stand.commit, stand.ahead, stand.problem) == (head, 0, "")


def test_what_one_publishes_the_other_sees(pair: tuple[Journal, Journal]) -> None:
    one, two = pair
    head = one.append(writes("a", b"1"))
    assert one.refresh().ahead == 1
    assert one.publish(unchanged).ahead == 0
    assert two.refresh().commit == head
    assert two.files("") == {"a": b"1"}


def test_of_two_racing_writers_no_record_is_lost(pair: tuple[Journal, Journal]) -> None:
    one, two = pair
    one.append(writes("one", b"1"))
    one.publish(unchanged)
    two.append(writes("two/a", b"a"))
    two.append(writes("two/b", b"b"))
    asked: list[Sequence[Change]] = []

    def sign_again(changes: Sequence[Change], _theirs: Sequence[Commit]) -> Sequence[Change]:
        asked.append(changes)
        return [Change(files=change.files, subject=change.subject + " again") for change in changes]

    head = two.publish(sign_again)
    assert asked == [[writes("two/a", b"a"), writes("two/b", b"b")]]
    assert head.ahead == 0
    assert one.refresh().commit == head.commit
    assert one.files("") == {"one": b"1", "two/a": b"a", "two/b": b"b"}
    assert [commit.subject for commit in one.commits()] == ["Write", "Write again", "Write again"]


def test_a_loser_may_drop_what_no_longer_holds(pair: tuple[Journal, Journal]) -> None:
    one, two = pair
    one.append(writes("release", b"one"))
    one.publish(unchanged)
    two.append(writes("release", b"two"))
    assert two.publish(lambda _mine, _theirs: []).ahead == 0
    assert two.files("") == {"release": b"one"}


def test_unpushed_commits_outlive_a_refresh(pair: tuple[Journal, Journal]) -> None:
    one, two = pair
    one.append(writes("one", b"1"))
    one.publish(unchanged)
    mine = two.append(writes("two", b"2"))
    head = two.refresh()
    assert (head.commit, head.ahead) == (mine, 1)


def test_a_rewritten_remote_is_not_taken_and_nothing_of_ours_is_lost(pair: tuple[Journal, Journal]) -> None:
    one, two = pair
    one.append(writes("one", b"1"))
    one.publish(unchanged)
    two.refresh()
    rewrite_remote(one)
    mine = two.append(writes("two", b"2"))
    for head in (two.refresh(), two.publish(unchanged)):
        assert (head.commit, head.ahead, head.rewritten, bool(head.problem)) == (mine, 1, True, True)
    assert two.files("") == {"one": b"1", "two": b"2"}


def test_commits_after_one_that_was_put_behind_anothers_are_to_be_read_again(pair: tuple[Journal, Journal]) -> None:
    one, two = pair
    one.append(writes("one", b"1"))
    one.publish(unchanged)
    mine = two.append(writes("two", b"2"))
    two.publish(unchanged)
    with pytest.raises(MovedError):
        two.commits(after=mine)
