"""Names for bytes: SHA-256, and one canonical JSON form so that equal values have equal digests."""

import hashlib

import msgspec

__all__ = ["canonical", "digest", "digest_of"]


def canonical(value: object) -> bytes:
    """Write a value as JSON with sorted keys and no spaces.

    >>> canonical({"b": 1, "a": [True, None]})
    b'{"a":[true,null],"b":1}'
    """
    return msgspec.json.encode(value, order="sorted")


def digest(data: bytes) -> str:
    """Hex SHA-256 of bytes."""
    return hashlib.sha256(data).hexdigest()


def digest_of(value: object) -> str:
    """Hex SHA-256 of a value's canonical form."""
    return digest(canonical(value))
