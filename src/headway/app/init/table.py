"""A look at the first rows of a CSV file: its columns, and what kind of values the label has."""

import csv
import io
import os
import re
from pathlib import Path
from stat import S_ISREG

from msgspec import Struct

__all__ = ["Look", "look"]

BYTES_AT_MOST = 2**20
CLASSES_AT_MOST = 20
TIME = re.compile(r"\d{4}-\d\d-\d\d")
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Look(Struct, frozen=True, kw_only=True):
    """The columns of a file, and the values of its first rows by column."""

    columns: tuple[str, ...]
    values: dict[str, frozenset[str]]
    rows: int

    def classes(self, label: str) -> int:
        """How many values the label has in these rows; 0 when it is a number of many values."""
        found = self.values.get(label, frozenset()) - {"", "NA", "NaN", "nan"}
        return len(found) if len(found) <= CLASSES_AT_MOST or not all(map(_is_number, found)) else 0

    def time(self) -> str:
        """A column that says when: ISO dates, in a column of whatever name; empty when there is none."""
        return next((name for name in self.columns if _are_times(self.values[name])), "")


def look(path: Path) -> Look | None:
    """The head of a CSV file; None when it is none, a link, or not to be read."""
    if not path.name.endswith(".csv"):
        return None
    try:
        with os.fdopen(os.open(path, _FILE), "rb") as file:
            if not S_ISREG(os.fstat(file.fileno()).st_mode):
                return None
            data = file.read(BYTES_AT_MOST)
        text = data.decode("utf-8-sig", errors="replace")
        first = text.partition("\n")[0]
        rows = list(csv.reader(io.StringIO(text), delimiter=max(",;\t|", key=first.count)))
    except (OSError, csv.Error):
        return None
    if len(data) == BYTES_AT_MOST:
        rows = rows[:-1]  # cut in the middle
    if not rows or not all(name.isprintable() for name in rows[0]):
        return None
    whole = [row for row in rows[1:] if len(row) == len(rows[0])]
    values = {name: frozenset(row[at] for row in whole) for at, name in enumerate(rows[0])}
    return Look(columns=tuple(rows[0]), values=values, rows=len(whole))


def _are_times(values: frozenset[str]) -> bool:
    return bool(values) and all(map(TIME.match, values))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
