"""Joins the records of predictions on this machine with the labels that came later, and counts how they ended.

Any server may get the label of any server's prediction, so only the records know both.  What was read lies in a small
database beside them; it can be lost, and is read again.  Ids are kept as hashes, and inputs not at all.
"""

import hashlib
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from headway.adapters.local.records import records_file
from headway.evidence.outcome import Outcomes
from headway.reconcile.ports import PortError

__all__ = ["RecordedOutcomes"]

PREDICTION, LABEL = "dev.headway.prediction", "dev.headway.label"
# Records are written a moment after the answer, later while their file is busy: so long after its end a window is read.
GRACE_S = 60.0

TABLES = """
CREATE TABLE IF NOT EXISTS unit (
    id BLOB PRIMARY KEY, version TEXT, at REAL, answer TEXT, label TEXT, labelled REAL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS unit_at ON unit (at);
CREATE TABLE IF NOT EXISTS place (file INTEGER PRIMARY KEY, done INTEGER);
CREATE TABLE IF NOT EXISTS kept (since REAL);
"""
COUNT = """
SELECT {by}, count(*), sum(known), sum(known AND answer <> label)
FROM (SELECT version, answer, at, label, label IS NOT NULL AND labelled <= at + :within AS known
      FROM unit WHERE at >= :since AND at <= :until)
WHERE :only IN ('', version)
GROUP BY 1 ORDER BY 1
"""
BY_VERSION, BY_MINUTE = COUNT.format(by="version"), COUNT.format(by="CAST((at - :since) / 60 AS INTEGER)")


class _Data(Struct):
    version: str = ""
    outputs: dict[str, list[Any]] = {}
    prediction: str = ""
    row: int = 0
    label: Any = None


class _Event(Struct):
    type: str
    id: str
    time: datetime
    data: _Data


_decode = msgspec.json.Decoder(_Event).decode


class RecordedOutcomes:
    """Implements `ports.Labels` over the records that this machine's processes write; `root` is the run folder."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def outcomes(
        self, model: str, environment: str, *, since: float, within_s: float, now: float
    ) -> Mapping[str, Outcomes]:
        """As the port says."""
        until = now - within_s - GRACE_S
        return dict(self._counted(BY_VERSION, model, environment, since=since, until=until, within_s=within_s))

    def minutes(
        self, model: str, environment: str, version: str, *, within_s: float, now: float, minutes: int
    ) -> Sequence[Outcomes]:
        """As the port says."""
        until = now - within_s - GRACE_S
        since = until - 60.0 * minutes
        counted = dict(
            self._counted(BY_MINUTE, model, environment, since=since, until=until, within_s=within_s, version=version)
        )
        return [counted.get(minute, Outcomes()) for minute in range(min(counted, default=minutes), minutes)]

    def _counted(  # noqa: PLR0913 - what is counted, and where
        self,
        query: str,
        model: str,
        environment: str,
        *,
        since: float,
        until: float,
        within_s: float,
        version: str = "",
    ) -> list[tuple[Any, Outcomes]]:
        """What a query counts of the records, once they are read."""
        file = records_file(self._root.absolute(), model, environment)
        path = file.with_suffix(".db")
        asked = {"since": since, "within": within_s, "until": until, "only": version}
        try:
            with closing(sqlite3.connect(path, timeout=1.0)) as base, base:
                path.chmod(0o600)
                base.executescript(TABLES)
                _keep(base, since)
                _read(base, file, since)
                return [
                    (group, Outcomes(of=of, labelled=labelled, wrong=wrong))
                    for group, of, labelled, wrong in base.execute(query, asked)
                ]
        except (sqlite3.Error, OSError) as error:
            raise PortError(
                f"{path} cannot be used: {error}. Free its disk or mend its rights; it may be removed."
            ) from error


def _keep(base: sqlite3.Connection, since: float) -> None:
    """Forget what was before; where more is asked for than was kept, read all again."""
    kept = base.execute("SELECT since FROM kept").fetchone()
    if kept is not None and since < kept[0]:
        base.execute("DELETE FROM unit")
        base.execute("DELETE FROM place")
    base.execute("DELETE FROM unit WHERE at < ?", (since,))
    base.execute("DELETE FROM kept")
    base.execute("INSERT INTO kept VALUES (?)", (since,))


def _read(base: sqlite3.Connection, file: Path, since: float) -> None:
    """Take in what was written since the last look: of the file that was turned away, then of the one in use."""
    known = dict(base.execute("SELECT file, done FROM place"))
    there = {}
    for path in (file.with_name(f"{file.name}.1"), file):
        try:
            with path.open("rb") as lines:
                number = path.stat().st_ino
                there[number] = _take(base, lines, known.get(number, 0), since)
        except FileNotFoundError:
            continue
    base.execute("DELETE FROM place")
    base.executemany("INSERT INTO place VALUES (?, ?)", there.items())


def _take(base: sqlite3.Connection, lines: Any, done: int, since: float) -> int:  # noqa: ANN401 - an open file
    """Whole lines from a place on; the place after them."""
    lines.seek(done)
    for line in lines:
        if not line.endswith(b"\n"):
            break
        done += len(line)
        try:
            event = _decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue
        if event.type == PREDICTION and event.time.timestamp() >= since:
            # An id that comes twice is a retry: the first version that answered it is the one that it was given to.
            base.executemany("INSERT OR IGNORE INTO unit VALUES (?, ?, ?, ?, NULL, NULL)", _units(event))
        elif event.type == LABEL and event.data.label is not None:
            base.execute(
                "UPDATE unit SET label = ?, labelled = ? WHERE id = ? AND label IS NULL",
                (_spelt(event.data.label), event.time.timestamp(), _key(event.data.prediction, event.data.row)),
            )
    return done


def _units(event: _Event) -> Iterator[tuple[bytes, str, float, str]]:
    at = event.time.timestamp()
    for row, answer in enumerate(event.data.outputs.get("label", ())):
        yield _key(event.id, row), event.data.version, at, _spelt(answer)


def _key(identity: str, row: int) -> bytes:
    return hashlib.blake2b(f"{row} {identity}".encode(errors="replace"), digest_size=16).digest()


def _spelt(value: object) -> str:
    """One text for what is one class, however JSON wrote it."""
    whole = isinstance(value, float) and value.is_integer()
    return msgspec.json.encode(int(value) if whole else value).decode()  # type: ignore[call-overload]
