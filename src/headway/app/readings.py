"""Keeps what was read and checked of a record, so that the next command begins there.  Proofs never begin there.

It lies in the user's cache, never in the repository's folder: what a commit can put there would be believed unchecked.
"""

import os
import tempfile
from contextlib import suppress
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

import msgspec

import headway.evidence
import headway.spec

__all__ = ["keep_reading", "kept_reading", "readings_of"]

T = TypeVar("T")


def readings_of(cache: Path, root: Path) -> Path:
    """Where the readings of a repository lie; `cache` is the user's folder for what can be made again."""
    return cache / "readings" / sha256(os.fsencode(root.resolve())).hexdigest()[:32]


def kept_reading(place: Path, name: str, type_: type[T]) -> T | None:
    """What was kept under a name; None when there is nothing, it is damaged, or other code than this made it."""
    try:
        data = (place / name).read_bytes()
        mark, body = data[:32], data[32:]
        return msgspec.msgpack.decode(body, type=type_) if mark == _mark(body) else None
    except (OSError, ValueError, msgspec.DecodeError):
        return None


def keep_reading(place: Path, name: str, value: object) -> None:
    """Keep it, whole or not at all.  A cache that cannot be written costs time, and stops nobody."""
    path, body = place / name, msgspec.msgpack.encode(value)
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, fresh = tempfile.mkstemp(dir=path.parent, prefix=".reading")
        with os.fdopen(handle, "wb") as file:
            file.write(_mark(body) + body)
        Path(fresh).replace(path)


def _mark(body: bytes) -> bytes:
    return sha256(_code() + body).digest()


@lru_cache(maxsize=1)
def _code() -> bytes:
    """What decides how a record is read: the code of these rooms, byte for byte."""
    folders = (Path(room.__path__[0]) for room in (headway.evidence, headway.spec))
    files = sorted(path for folder in folders for path in folder.glob("*.py"))
    return sha256(b"\0".join(path.read_bytes() for path in files)).digest()
