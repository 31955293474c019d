"""What steps made, by their key: an entry names the bytes in the store, and counts only while they are there whole."""

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec
from msgspec import Struct

from headway.evidence.folder import FileDigest
from headway.reconcile.ports import PortError, Store

__all__ = ["Entry", "StepCache", "listed"]


class Entry(Struct, frozen=True, kw_only=True):
    """What a step made: `files` and `folders` by name (digests in the store), what it reported, its isolation."""

    files: Mapping[str, str] = {}
    folders: Mapping[str, str] = {}
    reported: Mapping[str, float] = {}
    isolation: str = ""
    note: str = ""


class StepCache:
    """Entries below a folder.  A failure is never kept; a half-written entry is never seen."""

    def __init__(self, folder: Path, store: Store) -> None:
        self._folder = folder
        self._store = store

    @contextmanager
    def holding(self, key: str) -> Iterator[None]:
        """Hold a key, so that two runs at once do not both do the work; the second then finds the entry."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / f"{key}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def find(self, key: str) -> Entry | None:
        """The entry of a key, when every output it names is in the store, byte for byte."""
        try:
            entry = msgspec.json.decode((self._folder / f"{key}.json").read_bytes(), type=Entry)
            for digest in entry.files.values():
                self._store.read(digest)
            for digest in entry.folders.values():
                for file in listed(self._store, digest):
                    self._store.read(file.sha256)
        except (OSError, msgspec.DecodeError, PortError):
            return None
        return entry

    def keep(self, key: str, entry: Entry) -> None:
        """Write an entry, whole or not at all; its key is held meanwhile."""
        target = self._folder / f"{key}.json"
        new = target.with_suffix(f".{os.getpid()}.new")
        with new.open("wb") as file:
            file.write(msgspec.json.encode(entry))
            file.flush()
            os.fsync(file.fileno())
        new.replace(target)


def listed(store: Store, folder: str) -> tuple[FileDigest, ...]:
    """The files of a folder in the store, by its listing."""
    return msgspec.json.decode(store.read(folder), type=tuple[FileDigest, ...])
