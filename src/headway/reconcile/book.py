"""The record as one process knows it, and the one way to write to it: sealed, chained, one commit a decision."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from msgspec import Struct, structs

from headway import __version__
from headway.evidence.envelope import seal
from headway.evidence.ledger import Entry, Ledger, entries_of, fold, path_of
from headway.evidence.record import Record, Seen, Subject
from headway.evidence.verdict import Verdict
from headway.evidence.vsa import ReleaseClaim, release_statement
from headway.reconcile.overtaken import KeyAwayError, place_behind
from headway.reconcile.ports import Change, Clock, Commit, Head, Journal, MovedError, PortError, Signing

__all__ = ["Book", "Draft", "Reading"]

# Another process of this machine may write between our reading and our writing: read again, sign again.
TRIES = 8


class Draft(Struct, frozen=True, kw_only=True):
    """A record before it is signed."""

    subject: Subject
    seen: Seen
    verdicts: tuple[Verdict, ...] = ()


class Reading(Struct, frozen=True, kw_only=True):
    """The ledger as it is after a commit; after nothing, an empty one."""

    commit: str = ""
    ledger: Ledger = Ledger()


class Book:
    """The folded ledger of the branch headway, as far as this process has read it; `begun` is where it begins."""

    def __init__(
        self, journal: Journal, signing: Signing | None, clock: Clock, *, begun: Reading | None = None
    ) -> None:
        begun = begun or Reading()
        self._journal = journal
        self.signing = signing
        self._clock = clock
        self._read = begun.commit
        self.ledger = begun.ledger
        self.head = Head(commit="")
        self.written = False  # something since the last push
        self.dropped: tuple[str, ...] = ()

    @property
    def reading(self) -> Reading:
        """As far as this process has read."""
        return Reading(commit=self._read, ledger=self.ledger)

    @property
    def signer(self) -> str:
        """Whose key this machine has; empty when it has none."""
        return self.signing.name if self.signing else ""

    def refresh(self) -> Ledger:
        """Ask the remote, and read what is new on the branch."""
        self.head = self._journal.refresh()
        return self.follow()

    def write(
        self,
        drafts: Sequence[Draft],
        *,
        main: str,
        subject: str,
        body: str = "",
        files: Mapping[str, bytes | None] | None = None,
    ) -> str:
        """Sign the drafts and commit them with the files, in one commit that `body` gives reasons for; its id.

        PortError without a key, or when others write faster than we read.
        """
        signing = self._key()
        trailers = {"Headway-Main": main, "Headway-Signer": signing.name} if main else {}
        for _ in range(TRIES):
            self.follow()
            sealed = self._sealed(self.ledger, drafts, main)
            change = Change(files={**(files or {}), **sealed}, subject=subject, body=body, trailers=trailers)
            try:
                commit = self._journal.append(change, onto=self._read)
            except MovedError:
                continue
            self.written = True
            self.follow()
            return commit
        raise PortError(f"Others wrote the record {TRIES} times while `{subject}` was written.  It is tried again.")

    def publish(self) -> Head:
        """Push what is ahead; where another was first, ours follow, or stand in `dropped` until the next call.

        What cannot be pushed waits, and the head's `problem` says why: no decision waits for a remote.
        """
        self.dropped = ()
        self.written = False
        try:
            self.head = self._journal.publish(self._again)
        except KeyAwayError as error:
            self.head = structs.replace(self.head, ahead=max(self.head.ahead, 1), problem=str(error))
        self.follow()
        return self.head

    def statement(self, claim: ReleaseClaim) -> bytes:
        """The signed statement that lets a bundle into an environment."""
        return release_statement(claim, self._key().sign)

    def now(self) -> str:
        """RFC 3339 in UTC."""
        return datetime.fromtimestamp(self._clock.now(), UTC).isoformat(timespec="milliseconds")

    def _key(self) -> Signing:
        if self.signing is None:
            raise PortError(
                "No key of a listed signer is on this machine: it may serve, but not decide. HEADWAY_KEY names a key "
                "file, and headway.yaml who is listed."
            )
        return self.signing

    def follow(self) -> Ledger:
        """Read what is new on the local branch, such as a request that a person just wrote here."""
        try:
            commits = self._journal.commits(after=self._read)
        except MovedError:  # another process of this machine put unpushed commits behind a third one's
            self._reset()
            commits = self._journal.commits()
        for commit in commits:
            self.ledger = fold(self.ledger, entries_of(self.ledger, commit.id, commit.files))
            self._read = commit.id
        return self.ledger

    def _sealed(self, ledger: Ledger, drafts: Sequence[Draft], main: str) -> dict[str, bytes]:
        signing = self._key()
        sealed: dict[str, bytes] = {}
        for draft in drafts:
            record = Record(
                subject=draft.subject,
                at=self.now(),
                main=main,
                seen=draft.seen,
                verdicts=draft.verdicts,
                signer=signing.name,
                previous=ledger.heads.get(signing.name, ""),
                headway=__version__,
            )
            data = seal(record, signing.sign)
            path = path_of(record, ledger.length)
            sealed[path] = data
            entries = entries_of(ledger, "", {path: data})
            for entry in entries:
                if not isinstance(entry, Entry):  # it would stay on the branch for ever, and count for nothing
                    raise PortError(f"This cannot be written with the key of {signing.name!r}: {entry.refused.why}.")
            ledger = fold(ledger, entries)
        return sealed

    def _again(self, changes: Sequence[Change], theirs: Sequence[Commit]) -> Sequence[Change]:
        """Our unpushed changes, put behind what another pushed."""
        common = Ledger()
        commits = list(self._journal.commits())
        for commit in commits[: len(commits) - len(changes)]:
            common = fold(common, entries_of(common, commit.id, commit.files))
        placed = place_behind(common, changes, theirs, self.signing)
        self.dropped = placed.dropped
        self._reset()
        return placed.kept

    def _reset(self) -> None:
        self.ledger, self._read = Ledger(), ""
