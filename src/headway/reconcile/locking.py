"""A new lock as a record; used by the loop and by the command that moves it by hand."""

from typing import Literal

from headway.evidence.recipe import test_digest, train_digest
from headway.evidence.record import Locked
from headway.spec.digest import digest_of
from headway.spec.lock import LockSpec

__all__ = ["locked"]


def locked(spec: LockSpec, cause: Literal["first", "update", "retraining"]) -> Locked:
    """What the record says of a lock: the digests of its parts, and how many files and rows."""
    return Locked(
        lock=digest_of(spec),
        train=train_digest(spec),
        test=test_digest(spec),
        files=len(spec.sources),
        train_rows=sum(file.rows or 0 for file in spec.train),
        test_rows=sum(file.rows or 0 for file in spec.test),
        cause=cause,
    )
