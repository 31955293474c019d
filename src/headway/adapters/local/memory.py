"""A durable table of keys and values beside the traffic: what is written here survives a crash of everything else."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from headway.reconcile.ports import PortError

__all__ = ["Memory"]

_WAIT_S = 5.0


class Memory:
    """One SQLite file.  No write-ahead log and a full sync: a value is on the disk when `write` returns."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self, key: str) -> bytes | None:
        """The value, or None; reading makes no file."""
        if not self._path.exists():
            return None
        with self._reading() as base:
            row = base.execute("SELECT value FROM memory WHERE key = ?", (key,)).fetchone()
        return None if row is None else bytes(row[0])

    def all(self) -> dict[str, bytes]:
        """Everything."""
        with self._reading() as base:
            return {key: bytes(value) for key, value in base.execute("SELECT key, value FROM memory")}

    def write(self, changes: Mapping[str, bytes | None]) -> None:
        """Write these values, and forget those that are None, all or nothing."""
        try:
            with closing(self._open()) as base, base:
                for key, value in changes.items():
                    if value is None:
                        base.execute("DELETE FROM memory WHERE key = ?", (key,))
                    else:
                        base.execute("INSERT OR REPLACE INTO memory VALUES (?, ?)", (key, value))
        except sqlite3.Error as error:
            raise PortError(f"{self._path} cannot be written: {error}. Free its disk, or mend its rights.") from error

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(self._open()) as base:
                yield base
        except sqlite3.Error as error:
            raise PortError(f"{self._path} cannot be read: {error}. It is tried again.") from error

    def _open(self) -> sqlite3.Connection:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            base = sqlite3.connect(self._path, timeout=_WAIT_S)
            base.execute("PRAGMA journal_mode = DELETE")
            base.execute("PRAGMA synchronous = FULL")
            base.execute("CREATE TABLE IF NOT EXISTS memory (key TEXT PRIMARY KEY, value BLOB NOT NULL)")
        except (sqlite3.Error, OSError) as error:
            raise PortError(
                f"{self._path} cannot be opened: {error}. Mend its rights, or move it away: a rollout then begins anew."
            ) from error
        return base
