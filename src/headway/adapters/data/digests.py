"""Digests of files on disk, remembered while they are sound: inode, size, mtime and ctime all agree.

A file touched within the last two seconds is never remembered: a second write in the same tick of the clock would
leave all four as they are.  What is remembered is a hint about the disk; bytes are verified when the store reads them.
"""

import hashlib
import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from stat import S_ISREG

from headway.reconcile.ports import PortError

__all__ = ["Digests", "Stamp", "stamp_of"]

SETTLED_NS = 2 * 10**9
CHUNK = 1 << 20

Stamp = tuple[int, int, int, int, int]  # device, inode, size in bytes, mtime and ctime in nanoseconds


def stamp_of(path: Path) -> Stamp:
    """What the file system says of a regular file; PortError for anything else."""
    try:
        found = path.lstat()
    except OSError as error:
        raise PortError(f"{path} cannot be read: {error.strerror}.") from error
    if not S_ISREG(found.st_mode):
        raise PortError(f"{path} is no regular file; data are not read through links or devices.")
    return _stamp(found)


class Digests:
    """SHA-256 by path; `cache` is an SQLite file that may be deleted at any time, None remembers nothing."""

    def __init__(self, cache: Path | None) -> None:
        self._cache = cache

    def known(self, path: Path, stamp: Stamp) -> str:
        """The digest remembered for exactly this stamp, or nothing."""
        rows = self._execute("SELECT sha256 FROM digests WHERE path = ? AND stamp = ?", (str(path), repr(stamp)))
        return str(rows[0][0]) if rows else ""

    def remember(self, path: Path, stamp: Stamp, sha256: str) -> None:
        """Remember, unless the file is so young that a further change might not show."""
        if time.time_ns() - max(stamp[3], stamp[4]) > SETTLED_NS:
            self._execute("INSERT OR REPLACE INTO digests VALUES (?, ?, ?)", (str(path), repr(stamp), sha256))

    def digest(self, path: Path) -> str:
        """The digest of a file as it is now; PortError when it changes while it is read."""
        stamp = stamp_of(path)
        if known := self.known(path, stamp):
            return known
        sha256 = _hash(path, stamp)
        self.remember(path, stamp, sha256)
        return sha256

    def _execute(self, statement: str, values: tuple[str, ...]) -> list[tuple[str]]:
        if self._cache is None:
            return []
        try:
            self._cache.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self._cache, timeout=10)) as base, base:
                base.execute("CREATE TABLE IF NOT EXISTS digests (path TEXT PRIMARY KEY, stamp TEXT, sha256 TEXT)")
                return base.execute(statement, values).fetchall()
        except (sqlite3.Error, OSError):
            # A cache that is damaged, locked or on a full disk costs time, never an answer.
            return []


def _hash(path: Path, stamp: Stamp) -> str:
    hashed = hashlib.sha256()
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb", buffering=0) as file:
            before = _stamp(os.fstat(file.fileno()))
            while chunk := file.read(CHUNK):
                hashed.update(chunk)
            after = _stamp(os.fstat(file.fileno()))
    except OSError as error:
        raise PortError(f"{path} cannot be read: {error.strerror}.") from error
    if not stamp == before == after:
        raise PortError(f"{path} changed while it was read. Stop what writes it and try again.")
    return hashed.hexdigest()


def _stamp(found: os.stat_result) -> Stamp:
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
