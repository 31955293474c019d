"""Two machines write one record: with different keys and rights, or with the same; a third rewrites it by force."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.adapters.git import repository
from tests.fakes.history import outside
from tests.fakes.journal import MemoryJournal, MemoryRemote
from tests.fakes.signing import MemorySigning
from tests.reconcile.town import MemoryClock

from headway.adapters.git.journal import GitJournal
from headway.evidence.ledger import Entry, Ledger, entries_of, fold
from headway.evidence.proof import Pin, Written
from headway.evidence.record import (
    Alerted,
    Locked,
    Record,
    Released,
    Requested,
    Retraining,
    Seen,
    Signers,
    Subject,
    Trained,
)
from headway.evidence.verify import verify
from headway.reconcile.book import Book, Draft
from headway.reconcile.ports import Change, Journal
from headway.spec.project import Rights
from headway.spec.release import Served

MAIN = "a" * 40
STAGER, LIVE = MemorySigning("stager"), MemorySigning("live")
LISTED = Signers(
    signers=(
        STAGER.listed(Rights(train=True, decide=("staging",))),
        LIVE.listed(Rights(approve=("staging", "production"), decide=("production",))),
    )
)


def bundle(name: str) -> str:
    return f"{name:0>64}"


def trained(version: str, *, recipe: str = "", rows: str = "t") -> tuple[Subject, Seen]:
    seen = Trained(recipe=recipe or version, train=rows, cause="commit", steps=(), outcome="ok")
    return Subject(model="delay", version=version, bundle=bundle(version)), seen


def released(environment: str, version: str) -> tuple[Subject, Seen]:
    served = Served(version=version, bundle=bundle(version))
    subject = Subject(model="delay", version=version, bundle=served.bundle, environment=environment)
    return subject, Released(how="direct", stable=served)


def asked(environment: str = "production") -> tuple[Subject, Seen]:
    return Subject(model="delay", environment=environment), Requested(action="pause")


def write(book: Book, *records: tuple[Subject, Seen], name: str = "") -> str:
    drafts = [Draft(subject=subject, seen=seen) for subject, seen in records]
    files: dict[str, bytes | None] = {
        f"releases/{subject.environment}/{subject.model}.yaml": subject.version.encode()
        for subject, seen in records
        if isinstance(seen, Released)
    }
    return book.write(drafts, main=MAIN, subject=name or f"Write as {book.signer}", files=files)


def records_of(journal: Journal) -> list[Record]:
    """Every record that counts, oldest first; none may be refused."""
    ledger, found = Ledger(), []
    for commit in journal.commits():
        entries = entries_of(ledger, commit.id, commit.files)
        ledger = fold(ledger, entries)
        found += [entry.record for entry in entries if isinstance(entry, Entry)]
    assert ledger.refused == ()
    return found


class Pair:
    """Two machines and what they share; `one` founded the record and published it."""

    def __init__(self, journals: tuple[Journal, Journal], keys: tuple[MemorySigning, MemorySigning]) -> None:
        self.journals = journals
        clocks = MemoryClock(), MemoryClock()
        clocks[1].time += 1
        self.one, self.two = map(Book, journals, keys, clocks)
        self.one.write([Draft(subject=Subject(), seen=LISTED)], main="", subject="List the signers")
        self.one.publish()
        self.two.refresh()

    def settle(self) -> list[Record]:
        """Publish until both hold the same line; its records."""
        for _ in range(4):
            for book in (self.one, self.two):
                book.publish()
                book.refresh()
        assert self.one.head == self.two.head
        assert (self.one.head.ahead, self.one.head.problem) == (0, "")
        assert self.one.ledger == self.two.ledger
        return records_of(self.journals[0])


Make = Callable[..., Pair]


@pytest.fixture(params=["memory", "git"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    def made(one: MemorySigning = STAGER, two: MemorySigning = LIVE) -> Pair:
        if request.param == "memory":
            remote = MemoryRemote()
            return Pair((MemoryJournal(remote), MemoryJournal(remote)), (one, two))
        bare = repository.make_bare(tmp_path / "bare")
        first, second = (
            GitJournal(repository.clone(bare, tmp_path / name), remote="origin", environ=repository.ENVIRON)
            for name in ("one", "two")
        )
        return Pair((first, second), (one, two))

    return made


def test_two_signers_with_different_rights_lose_nothing(make: Make) -> None:
    pair = make()
    write(pair.one, trained("1.0.0"))
    write(pair.two, asked())
    write(pair.two, asked("staging"))
    write(pair.one, released("staging", "1.0.0"))
    found = pair.settle()
    assert [record.signer for record in found] == ["stager", "stager", "stager", "live", "live"]
    assert pair.one.dropped == pair.two.dropped == ()


def test_records_that_need_not_be_signed_again_keep_their_names(make: Make) -> None:
    pair = make()
    write(pair.one, trained("1.0.0"))
    write(pair.two, asked())
    before = pair.two.ledger.heads["live"]
    pair.settle()
    assert pair.two.ledger.heads["live"] == before


def test_of_two_machines_with_one_deciders_key_the_first_decides_and_the_other_only_serves(make: Make) -> None:
    pair = make(STAGER, STAGER)
    write(pair.one, trained("1.0.0"), name="Train delay 1.0.0")
    write(pair.two, trained("1.0.0"), name="Train delay 1.0.0")
    write(pair.two, released("staging", "1.0.0"), name="Release delay 1.0.0 to staging")
    write(pair.two, (Subject(model="delay", environment=""), Retraining(cause="drift", state="held")), name="Hold")
    pair.one.publish()
    pair.two.publish()
    assert pair.two.dropped == ("Train delay 1.0.0: another decided this first",)
    found = pair.settle()
    assert [type(record.seen) for record in found] == [Signers, Trained, Released, Retraining]


def test_what_rests_on_a_dropped_training_goes_with_it(make: Make) -> None:
    pair = make(STAGER, STAGER)
    write(pair.one, trained("1.0.0"), name="Train")
    other = Subject(model="delay", version="1.0.0", bundle=bundle("other"))
    write(pair.two, (other, trained("1.0.0")[1]), name="Train")
    served = Served(version="1.0.0", bundle=bundle("other"))
    place = Subject(model="delay", version="1.0.0", bundle=served.bundle, environment="staging")
    write(pair.two, (place, Released(how="direct", stable=served)), name="Release")
    pair.one.publish()
    pair.two.publish()
    assert pair.two.dropped == (
        "Train: another decided this first",
        "Release: it rests on what another decided first",
    )
    assert [record.subject.bundle for record in pair.settle()] == ["", bundle("1.0.0")]


def test_a_training_on_rows_that_another_locked_otherwise_is_dropped(make: Make) -> None:
    def locked(rows: str) -> tuple[Subject, Seen]:
        lock = Locked(lock=rows, train=rows, test="u", files=1, train_rows=2, test_rows=1, cause="first")
        return Subject(model="delay"), lock

    pair = make(STAGER, STAGER)
    write(pair.one, locked("ours"), name="Lock")
    write(pair.two, locked("theirs"), name="Lock")
    write(pair.two, trained("1.0.0", rows="theirs"), name="Train")
    pair.one.publish()
    pair.two.publish()
    assert [line.partition(":")[0] for line in pair.two.dropped] == ["Lock", "Train"]


def test_of_two_releases_of_one_environment_the_first_pushed_holds(make: Make) -> None:
    pair = make(LIVE, LIVE)
    write(pair.one, released("production", "1.0.0"))
    write(pair.two, released("production", "2.0.0"))
    alert = Subject(model="delay", environment="production"), Alerted(monitor="drift", state="raised")
    write(pair.two, alert)
    pair.one.publish()
    pair.two.publish()
    assert len(pair.two.dropped) == 1
    found = pair.settle()
    assert [record.subject.version for record in found if isinstance(record.seen, Released)] == ["1.0.0"]
    assert pair.journals[1].files("releases") == {"releases/production/delay.yaml": b"1.0.0"}
    assert ("production", "drift") in pair.two.ledger.model("delay").alerts


def test_a_file_that_anybody_can_push_makes_nobody_drop_a_decision(make: Make) -> None:
    pair = make()
    stranger = pair.journals[0]
    stranger.append(Change(files={"releases/production/delay.yaml": b"evil"}, subject="Evil"))
    stranger.publish(lambda changes, _theirs: changes)
    write(pair.two, released("production", "1.0.0"))
    pair.two.publish()
    assert pair.two.dropped == ()
    assert pair.journals[1].files("releases") == {"releases/production/delay.yaml": b"1.0.0"}


def test_a_right_that_was_taken_away_meanwhile_is_not_used(make: Make) -> None:
    pair = make()
    write(pair.two, released("production", "1.0.0"), name="Release")
    without = Signers(signers=(LISTED.signers[0], LIVE.listed(Rights(approve=("production",)))))
    pair.one.write([Draft(subject=Subject(), seen=without)], main=MAIN, subject="List the signers")
    pair.one.publish()
    pair.two.publish()
    assert pair.two.dropped == ("Release: 'live' lacks the right `decide: [production]`",)
    assert len(pair.settle()) == 2


def test_a_record_of_a_key_that_is_not_here_waits_and_stops_nothing(make: Make) -> None:
    pair = make(LIVE, STAGER)
    person = Book(pair.journals[1], LIVE, MemoryClock())
    write(person, asked())
    write(pair.one, asked("staging"))
    pair.one.publish()
    write(pair.two, trained("1.0.0"))
    head = pair.two.publish()
    assert head.ahead
    assert "only its key can sign it again" in head.problem
    assert pair.two.ledger.refused == ()
    assert person.publish().ahead == 0
    assert [record.signer for record in pair.settle()] == ["live", "live", "live", "stager"]


def test_a_head_that_does_not_go_on_is_refused_and_work_goes_on(tmp_path: Path) -> None:
    bare = repository.make_bare(tmp_path / "bare")
    clones = [repository.clone(bare, tmp_path / name) for name in ("one", "two", "evil")]
    one, two = (GitJournal(clone, remote="origin", environ=repository.ENVIRON) for clone in clones[:2])
    pair = Pair((one, two), (STAGER, LIVE))
    write(pair.one, trained("1.0.0"))
    pair.settle()
    evil = clones[2]
    repository.git(evil, "fetch", "--quiet", "origin", "headway")
    repository.git(evil, "checkout", "--quiet", "-b", "headway", "FETCH_HEAD~1")
    repository.commit(evil, {"evidence/delay/_/000001-request.json": b"{}"})
    repository.git(evil, "push", "--quiet", "--force", "origin", "headway")
    for book in (pair.one, pair.two):
        write(book, asked("production") if book is pair.two else trained("1.1.0"))
        book.refresh()
        assert book.head.rewritten
        assert "does not descend from" in book.head.problem
        assert "git push --force origin" in book.head.problem
        assert book.publish().ahead == 1
        assert book.ledger.refused == ()
    fresh = repository.clone(bare, tmp_path / "fresh")
    reader = Book(GitJournal(fresh, remote="origin", environ=repository.ENVIRON), None, MemoryClock())
    assert len(reader.refresh().refused) == 1  # who never saw the head sees a record that does not count


STEPS = st.lists(
    st.tuples(st.sampled_from(["one", "two"]), st.sampled_from(["write", "write", "publish", "refresh", "away"])),
    max_size=25,
)


@given(steps=STEPS)
@settings(max_examples=60, deadline=None)
def test_any_interleaving_ends_in_one_line_with_every_record(steps: list[tuple[str, str]]) -> None:
    remote = MemoryRemote()
    pair = Pair((MemoryJournal(remote), MemoryJournal(remote)), (STAGER, LIVE))
    written = drive(pair, steps, remote)
    check_whole(pair, written)


@pytest.mark.parametrize("seed", range(3))
def test_so_it_is_on_real_git(tmp_path: Path, seed: int) -> None:
    bare = repository.make_bare(tmp_path / "bare")
    one, two = (
        GitJournal(repository.clone(bare, tmp_path / name), remote="origin", environ=repository.ENVIRON)
        for name in ("one", "two")
    )
    pair = Pair((one, two), (STAGER, LIVE))
    who, what = ("one", "two"), ("write", "write", "publish", "refresh")
    steps = [(who[(seed + number * number) % 2], what[(seed * 3 + number * 7) % 4]) for number in range(12)]
    check_whole(pair, drive(pair, steps, None))
    assert repository.git(bare, "rev-parse", "headway") == pair.one.head.commit
    assert repository.git(bare, "rev-list", "--merges", "headway") == ""


def drive(pair: Pair, steps: list[tuple[str, str]], remote: MemoryRemote | None) -> list[str]:
    """Take the steps; a name for each record that was written."""
    written: list[str] = []
    for number, (who, what) in enumerate(steps):
        book = pair.one if who == "one" else pair.two
        match what:
            case "write":
                place = f"{number}"
                subject, seen = trained(f"1.{number}.0") if who == "one" else asked()
                write(book, (subject if who == "one" else Subject(model=place, environment="production"), seen))
                written.append(f"1.{number}.0" if who == "one" else place)
            case "publish":
                book.publish()
            case "refresh":
                book.refresh()
            case _:
                if remote:
                    remote.away = not remote.away
    if remote:
        remote.away = False
    return written


def check_whole(pair: Pair, written: list[str]) -> None:
    found = pair.settle()
    assert sorted(record.subject.version or record.subject.model for record in found[1:]) == sorted(written)
    commits = [Written(id=one.id, parents=one.parents, files=one.files) for one in pair.journals[0].commits()]
    report = verify(commits, pin=Pin(signers=LISTED), outside=outside())
    assert report.ok, report.lines
