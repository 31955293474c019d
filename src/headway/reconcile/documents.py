"""What Headway writes on its branch, as bytes and back: locks, releases, the words of a commit."""

import textwrap

import msgspec

from headway.evidence.document import read_document
from headway.reconcile.ports import Journal, PortError
from headway.spec.lock import Lock
from headway.spec.release import Release

__all__ = [
    "lock_file",
    "lock_of",
    "lock_path",
    "paragraph",
    "read_lock",
    "read_release",
    "release_file",
    "release_path",
    "statement_path",
]


def lock_path(model: str) -> str:
    """Where a model's lock lies on the branch."""
    return f"locks/{model}.yaml"


def release_path(model: str, environment: str) -> str:
    """Where a release lies on the branch."""
    return f"releases/{environment}/{model}.yaml"


def statement_path(model: str, environment: str, version: str) -> str:
    """Where the signed release statement of a version lies on the branch; the server may demand it."""
    return f"releases/{environment}/{model}-{version}.dsse.json"


def lock_file(lock: Lock) -> bytes:
    """YAML of a lock."""
    return msgspec.yaml.encode(lock, order="deterministic")


def release_file(release: Release) -> bytes:
    """YAML of a release."""
    return msgspec.yaml.encode(release, order="deterministic")


def read_lock(data: bytes) -> Lock:
    """A lock from its YAML; ValueError when it is none."""
    return read_document(data, Lock)


def read_release(data: bytes) -> Release:
    """A release from its YAML; ValueError when it is none."""
    return read_document(data, Release)


def lock_of(journal: Journal, model: str) -> Lock:
    """The lock in force, from the head of the record; PortError when there is none, or it is damaged."""
    path = lock_path(model)
    data = journal.files("locks").get(path)
    if data is None:
        raise PortError(f"There is no {path} in the record. `headway data update {model}` makes one.")
    try:
        return read_lock(data)
    except ValueError as error:
        raise PortError(f"{path} in the record cannot be read: {error}. `headway verify` says more.") from error


def paragraph(why: str) -> str:
    r"""A reason as the body of a commit: wrapped, and without what a terminal would obey.

    >>> paragraph("auc is\x1b[31m 0.6")
    'auc is [31m 0.6'
    """
    return textwrap.fill("".join(char if char.isprintable() else " " for char in why), 100)
