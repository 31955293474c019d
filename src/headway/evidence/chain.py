"""Who may add the next record, and whether it is the next: the rules of trust of the branch headway, one at a time.

Signers change by `signers` records only; each record names its signer's previous one; numbers count the branch.
"""

import re
from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct, structs

from headway.evidence.dsse import signer_of
from headway.evidence.envelope import EnvelopeError, Opened, open_envelope, open_unverified
from headway.evidence.record import Record, Signers
from headway.evidence.rights import missing_right
from headway.spec.digest import digest, digest_of
from headway.spec.project import Signer

__all__ = ["Admitted", "Chain", "Refused", "admit", "fault_of_list", "number_of", "path_of"]

_PATH = re.compile(r"evidence/[^/]+/[^/]+/(\d{6,})-[a-z]+\.json", re.ASCII)


class Chain(Struct, frozen=True, kw_only=True):
    """What is trusted after so many records.

    `signers` and `threshold` are the list in force, `root` the digest of the first one, `heads` the digest of each
    signer's last record, `proposed` who signed which next list.
    """

    length: int = 0
    signers: tuple[Signer, ...] = ()
    threshold: int = 1
    root: str = ""
    heads: Mapping[str, str] = {}
    proposed: Mapping[str, frozenset[str]] = {}

    @property
    def keys(self) -> Mapping[str, str]:
        """Public keys in hex by name, of those in force."""
        return {signer.name: signer.key for signer in self.signers if signer.revoked_after is None}


class Admitted(Struct, frozen=True, kw_only=True):
    """A record that counts."""

    path: str
    opened: Opened


class Refused(Struct, frozen=True, kw_only=True):
    """A file that does not count; `why` in a sentence."""

    commit: str = ""
    path: str
    digest: str = ""
    why: str


def path_of(record: Record, sequence: int) -> str:
    """Where a record lies on the branch; `sequence` is the number of records before it (`Chain.length`)."""
    about = record.subject
    kind = type(record.seen).__struct_config__.tag
    return f"evidence/{about.model or '_project'}/{about.version or '_'}/{sequence:06d}-{kind}.json"


def number_of(path: str) -> int | None:
    """The number in a record's path; None when it is no path of a record."""
    found = _PATH.fullmatch(path)
    return int(found.group(1)) if found else None


def admit(chain: Chain, path: str, data: bytes | None) -> tuple[Chain, Admitted | Refused]:
    """Take the next file below evidence/, or say why it does not count; None means that a commit removed it."""
    number = number_of(path)
    if data is None:
        return chain, Refused(path=path, why="it was removed")
    if number is not None and number < chain.length:
        return chain, Refused(
            path=path, digest=digest(data), why="it was written over or slipped in among earlier ones"
        )
    counted = structs.replace(chain, length=chain.length + 1)
    try:
        opened = _opened(chain, data)
        _check_place(chain, path, opened)
    except EnvelopeError as fault:
        return counted, Refused(path=path, digest=digest(data), why=str(fault))
    following = structs.replace(counted, heads={**chain.heads, opened.signer: opened.digest})
    if isinstance(opened.record.seen, Signers):
        following = _listed(following, opened, opened.record.seen)
    return following, Admitted(path=path, opened=opened)


def fault_of_list(listed: Signers) -> str:
    """What is wrong with a list of signers; empty when nothing is."""
    names, keys = [signer.name for signer in listed.signers], [signer.key for signer in listed.signers]
    living = sum(signer.revoked_after is None for signer in listed.signers)
    if len(set(names)) < len(names) or len(set(keys)) < len(keys):
        return "two signers share a name or a key"
    if not all(re.fullmatch("[0-9a-f]{64}", key, re.ASCII) for key in keys):
        return "a key is not 64 hex digits"
    if not 1 <= listed.threshold <= living:
        return f"threshold {listed.threshold} cannot be met by {living} signers"
    return ""


def _opened(chain: Chain, data: bytes) -> Opened:
    if chain.root:
        name = signer_of(data)
        if any(signer.name == name and signer.revoked_after is not None for signer in chain.signers):
            raise EnvelopeError(f"signed by {name!r}, whose key is revoked")
        return open_envelope(data, chain.keys)
    first = open_unverified(data)
    if not isinstance(first.seen, Signers):
        raise EnvelopeError("there is no list of signers before it")
    return open_envelope(data, {signer.name: signer.key for signer in first.seen.signers})


def _check_place(chain: Chain, path: str, opened: Opened) -> None:
    record = opened.record
    missing = (number_of(path) or 0) - chain.length
    if missing > 0 and path == path_of(record, chain.length + missing):
        raise EnvelopeError(f"records are missing before it: its number is not the next one, {chain.length:06d}")
    if path != path_of(record, chain.length):
        raise EnvelopeError(f"it belongs at {path_of(record, chain.length)}")
    if record.previous != chain.heads.get(opened.signer, ""):
        raise EnvelopeError(f"it does not follow the last record of {opened.signer!r}")
    try:
        zone = datetime.fromisoformat(record.at).tzinfo
    except ValueError:
        zone = None
    if zone is None:
        raise EnvelopeError(f"its time {record.at!r} is no RFC 3339 time with a zone")
    if isinstance(record.seen, Signers):
        fault = fault_of_list(record.seen)
        if fault:
            raise EnvelopeError(f"the list of signers is refused: {fault}")
        return
    may = next(signer.may for signer in chain.signers if signer.name == opened.signer)
    lacking = missing_right(record, may, chain.signers)
    if lacking:
        raise EnvelopeError(f"{opened.signer!r} lacks the right `{lacking}`")


def _listed(chain: Chain, opened: Opened, listed: Signers) -> Chain:
    """A new list is in force once a threshold of the list before it signed the same one; the first stands alone."""
    name = digest_of(listed)
    agreed = chain.proposed.get(name, frozenset()) | {opened.signer}
    if chain.root and len(agreed) < chain.threshold:
        return structs.replace(chain, proposed={**chain.proposed, name: agreed})
    return structs.replace(
        chain,
        signers=listed.signers,
        threshold=listed.threshold,
        root=chain.root or opened.digest,
        proposed={},
    )
