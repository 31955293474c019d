"""Which record a signer may sign, by the rights in the list of signers."""

from collections.abc import Iterable, Mapping

from headway.evidence.record import Alerted, Locked, Record, Requested, Retraining, Signers, Trained
from headway.spec.project import Rights, Signer

__all__ = ["deciders", "missing_right"]


def deciders(signers: Iterable[Signer], environment: str) -> Mapping[str, str]:
    """The public keys (hex) by name that may release into an environment: those that a model server trusts there."""
    return {
        signer.name: signer.key
        for signer in signers
        if environment in signer.may.decide and signer.revoked_after is None
    }


def missing_right(record: Record, may: Rights, signers: Iterable[Signer]) -> str:
    """The right that a signer lacks for a record; empty when it may sign it.

    `signers` are those in force: a request about every environment needs the right in each that somebody decides.

    >>> from headway.evidence.record import Record, Retraining, Subject
    >>> seen = Retraining(cause="drift", state="started")
    >>> record = Record(subject=Subject(model="m"), at="", main="", seen=seen, signer="s", headway="0")
    >>> missing_right(record, Rights(), ())
    'train'
    """
    environment = record.subject.environment
    match record.seen:
        case Signers():
            return ""
        case Locked() | Trained():
            return "" if may.train else "train"
        case Retraining():
            return "" if may.train or may.decide else "train"
        case Requested():
            wanted = {environment} if environment else {name for signer in signers for name in signer.may.decide}
            return _lacking("approve", wanted, may.approve)
        case Alerted() if not environment:
            return "" if may.decide else "decide"
        case _:
            return _lacking("decide", {environment}, may.decide)


def _lacking(right: str, wanted: Iterable[str], has: Iterable[str]) -> str:
    lacking = sorted(set(wanted) - set(has))
    return f"{right}: [{', '.join(lacking)}]" if lacking else ""
