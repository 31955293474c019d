"""The loop while its remote is away, or shows another history: it acts, tells it once, and pushes later."""

from tests.fakes.journal import MemoryJournal, MemoryRemote
from tests.reconcile.town import Town

from headway.reconcile.book import Book
from headway.reconcile.ports import Change
from headway.reconcile.telling import REMOTE, told


def town_with_remote() -> tuple[Town, MemoryRemote]:
    town, remote = Town(), MemoryRemote()
    town.journal.remote = remote
    return town, remote


def test_a_remote_that_is_away_stops_no_release_and_gets_it_later() -> None:
    town, remote = town_with_remote()
    remote.away = True
    town.commit("one")
    lines = town.settle()
    assert town.stable() == "1.0.0"
    assert sum("the remote is away" in line for line in lines) == 1
    assert town.memory.book.head.ahead == 5
    assert remote.line == []
    assert town.look().lines == ()
    remote.away = False
    again = town.look()
    assert "the remote answers again" in again.lines
    assert again.settled
    assert [commit.subject for commit, _ in remote.line][-1] == "Release delay 1.0.0 to production"


def test_a_rewritten_remote_stops_no_retreat() -> None:
    town, remote = town_with_remote()
    town.commit("one")
    town.settle()
    stranger = MemoryJournal()
    stranger.append(Change(files={"evil": b""}, subject="Evil"))
    remote.line = stranger.line
    town.commit("two")
    lines = town.settle()
    assert any("does not go on from what was seen" in line for line in lines)
    assert town.candidate() == "1.1.0"


def test_what_another_decided_first_is_told_and_read_again() -> None:
    town, remote = town_with_remote()
    town.commit("one")
    town.settle()
    other = Town()
    other.source, other.store, other.data, other.clock = town.source, town.store, town.data, town.clock
    other.journal = MemoryJournal(remote)
    other.reader = Book(other.journal, None, other.clock)
    other.start_again()
    town.commit("two")
    remote.away = True
    town.settle()
    other.journal.remote = None
    other.journal.line, other.journal._shared = list(remote.line), len(remote.line)
    other.journal.remote = remote
    remote.away = False
    other.settle()
    assert other.candidate() == "1.1.0"
    lines = town.settle()
    assert any("another decided this first" in line for line in lines)
    assert town.subjects() == other.subjects()


def test_another_process_is_told_that_the_remote_is_away() -> None:
    town, remote = town_with_remote()
    remote.away = True
    town.commit("one")
    town.settle()
    assert "away" in told(town.world)[REMOTE]
    remote.away = False
    town.look()
    assert REMOTE not in told(town.world)
