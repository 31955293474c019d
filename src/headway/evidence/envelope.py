"""Records as signed statements: seals one, and opens what others sealed.  Knows nothing of their order or of rights."""

from collections.abc import Callable, Mapping

import msgspec
from msgspec import Struct

from headway.evidence.dsse import EnvelopeError, enclose, unverified_payload, verified
from headway.evidence.record import Record
from headway.evidence.statement import Descriptor, Statement
from headway.spec.digest import digest, digest_of

__all__ = ["RECORD_TYPE", "EnvelopeError", "Opened", "open_envelope", "open_unverified", "seal"]

RECORD_TYPE = "https://headway.dev/record/v1"

_decoder = msgspec.json.Decoder(Statement[Record])


class Opened(Struct, frozen=True, kw_only=True):
    """A record, the name of the key that signed it, and the digest of its envelope, by which others name it."""

    record: Record
    signer: str
    digest: str


def seal(record: Record, sign: Callable[[bytes], bytes]) -> bytes:
    """Write a record as an in-toto statement and sign it; `sign` makes an Ed25519 signature with the signer's key.

    EnvelopeError when it could not be read again (a number that is not finite, say): records are for ever.
    """
    statement = Statement(subject=(_subject(record),), predicate_type=RECORD_TYPE, predicate=record)
    payload = msgspec.json.encode(statement)
    _record(payload)
    return enclose(payload, record.signer, sign)


def open_envelope(data: bytes, keys: Mapping[str, str]) -> Opened:
    """Check the signature against `keys` (name to public key in hex) and read the record.

    EnvelopeError when no key of that name signed these bytes, or they are no record of a known kind.
    """
    payload, signer = verified(data, keys)
    record = _record(payload)
    if record.signer != signer:
        raise EnvelopeError(f"signed by {signer!r}, but the record says {record.signer!r}")
    return Opened(record=record, signer=signer, digest=digest(data))


def open_unverified(data: bytes) -> Record:
    """Read a record without a check of its signature: for the first list of signers, which brings its own keys."""
    return _record(unverified_payload(data))


def _record(payload: bytes) -> Record:
    try:
        statement = _decoder.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise EnvelopeError(f"not a record of a kind that is known here: {fault}") from None
    if statement.predicate_type != RECORD_TYPE:
        raise EnvelopeError(f"a statement of type {statement.predicate_type!r}, not {RECORD_TYPE!r}")
    if statement.subject != (_subject(statement.predicate),):
        raise EnvelopeError("the statement's subject is not what its record speaks of")
    return statement.predicate


def _subject(record: Record) -> Descriptor:
    """The bundle, or the commit of main, or (before there is a commit) what was seen itself: in-toto wants a digest."""
    about = record.subject
    if about.bundle:
        return Descriptor(name=f"{about.model}@{about.version}", digest={"sha256": about.bundle})
    if record.main:
        return Descriptor(name=about.model or "main", digest={"gitCommit": record.main})
    return Descriptor(name=about.model or "record", digest={"sha256": digest_of(record.seen)})
