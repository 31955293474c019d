"""Puts our unpushed changes behind what another pushed first (docs/decisions/0192).

Each is kept, signed again where its place asks for it, or dropped where the other decided first.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct, structs

from headway.evidence.claims import Thing, claims, gives, needs
from headway.evidence.dsse import EnvelopeError
from headway.evidence.envelope import open_unverified, seal
from headway.evidence.ledger import Entry, Ledger, entries_of, fold, path_of
from headway.evidence.record import Record, Released
from headway.evidence.vsa import read_release, release_statement
from headway.reconcile.ports import Change, Commit, PortError, Signing
from headway.spec.digest import digest

__all__ = ["KeyAwayError", "Placed", "place_behind"]


class KeyAwayError(PortError):
    """A record must be signed again, and its key is not here."""


class Placed(Struct, frozen=True, kw_only=True):
    """Changes for the new place, and the subjects of those that were dropped, with the reason."""

    kept: tuple[Change, ...]
    dropped: tuple[str, ...]


def place_behind(
    ledger: Ledger, changes: Sequence[Change], theirs: Sequence[Commit], signing: Signing | None
) -> Placed:
    """Our changes after theirs; `ledger` is what both have in common.

    KeyAwayError when a record must be signed again and its key is not here.
    """
    taken: set[Thing] = set()
    given: set[Thing] = set()
    for commit in theirs:
        entries = entries_of(ledger, commit.id, commit.files)
        ledger = fold(ledger, entries)
        # Only records that count: a file that anybody can push makes nobody drop a decision.
        for entry in entries:
            if isinstance(entry, Entry):
                taken |= claims(entry.record)
                given |= gives(entry.record)
    kept: list[Change] = []
    dropped: list[str] = []
    lost: set[Thing] = set()
    renamed: dict[str, str] = {}
    for change in changes:
        records = [open_unverified(data) for data in _evidence(change).values()]  # ours: from our own local branch
        why = _overtaken(records, taken, lost)
        if not why:
            following, placed, why = _placed(ledger, change, renamed, signing)
        if why:
            dropped.append(f"{change.subject}: {why}")
            taken |= {thing for record in records for thing in claims(record)}
            lost |= {thing for record in records for thing in gives(record)} - given
            continue
        ledger = following
        kept.append(placed)
    return Placed(kept=tuple(kept), dropped=tuple(dropped))


def _evidence(change: Change) -> dict[str, bytes]:
    found = ((path, change.files[path]) for path in sorted(change.files) if path.startswith("evidence/"))
    return {path: data for path, data in found if data is not None}


def _overtaken(records: Sequence[Record], taken: set[Thing], lost: set[Thing]) -> str:
    if any(claims(record) & taken for record in records):
        return "another decided this first"
    if any(needs(record) & lost for record in records):
        return "it rests on what another decided first"
    return ""


def _placed(
    ledger: Ledger, change: Change, renamed: dict[str, str], signing: Signing | None
) -> tuple[Ledger, Change, str]:
    """The ledger and the change after the records got their new places; or why one does not count there."""
    files: dict[str, bytes | None] = {
        path: data for path, data in change.files.items() if not path.startswith("evidence/")
    }
    names: dict[str, str] = {}
    for data in _evidence(change).values():
        again = _sealed(ledger, data, {**renamed, **names}, signing)
        path = path_of(open_unverified(again), ledger.length)
        entries = entries_of(ledger, "", {path: again})
        refused = next((entry.refused.why for entry in entries if not isinstance(entry, Entry)), "")
        if refused:
            return ledger, change, refused
        ledger = fold(ledger, entries)
        files[path] = again
        names[digest(data)] = digest(again)
    renamed |= names
    for path, document in files.items():
        if document is not None and path.endswith(".dsse.json"):
            files[path] = _stated(document, renamed, signing)
    return ledger, structs.replace(change, files=files), ""


def _sealed(ledger: Ledger, data: bytes, renamed: Mapping[str, str], signing: Signing | None) -> bytes:
    """The record as it can stand next: as it is, when it still names its signer's last one; else signed again."""
    record = open_unverified(data)
    seen, previous = record.seen, ledger.heads.get(record.signer, "")
    if isinstance(seen, Released):
        seen = structs.replace(seen, evidence=tuple(renamed.get(cited, cited) for cited in seen.evidence))
    if (record.previous, record.seen) == (previous, seen):
        return data
    if signing is None or record.signer != signing.name:
        raise KeyAwayError(
            f"A record of {record.signer!r} waits to be pushed, and another was pushed meanwhile that it must follow: "
            "only its key can sign it again. Run `headway up --once` with that key (HEADWAY_KEY)."
        )
    return seal(structs.replace(record, seen=seen, previous=previous), signing.sign)


def _stated(document: bytes, renamed: Mapping[str, str], signing: Signing | None) -> bytes:
    """A release statement that cites the records by their names of now."""
    if signing is None:
        return document
    try:
        claim = read_release(document, {signing.name: signing.public})
    except EnvelopeError:
        return document  # another's: it cites what is not ours
    cited = tuple(renamed.get(name, name) for name in claim.evidence)
    if cited == claim.evidence:
        return document
    return release_statement(structs.replace(claim, evidence=cited), signing.sign)
