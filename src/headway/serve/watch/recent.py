"""Which predictions were made lately, and which labels came for them: hashes in a table of fixed size, no ids, no rows.

A new entry takes the place of the one in its slot, so nothing is ever searched or swept.
"""

import secrets
from collections.abc import Callable, Hashable, Iterable
from typing import Literal

__all__ = ["OUTCOMES", "Outcome", "Recent", "Table"]

Outcome = Literal["accepted", "duplicate", "unknown", "conflict", "no_row"]
OUTCOMES: tuple[Outcome, ...] = ("accepted", "duplicate", "unknown", "conflict", "no_row")

SLOTS = 1 << 17
# Of a 64-bit word the high bits tell keys apart, beside the slot itself, and the low ones are the value.
_VALUE = (1 << 24) - 1
_WORD = (1 << 64) - 1
_KEY = _WORD - _VALUE


class Table:
    """From the hash of a key to a number below 2**24; about the last hundred thousand keys are known.

    A key is forgotten when another comes to its slot: after as many later keys as there are slots, 37 % are left.
    `own` is written; `shared` gives all that are read, those of other processes too, which must have been forked from
    one parent, for Python hashes with a secret of its own in each process that was not.
    """

    def __init__(self, own: memoryview | None = None, shared: Callable[[], Iterable[memoryview]] | None = None) -> None:
        words = memoryview(bytearray(8 * SLOTS)).cast("Q") if own is None else own
        self._own = words
        self._shared = shared or (lambda: (words,))

    def put(self, key: Hashable, value: int) -> None:
        """Keep a number for a key."""
        hashed = hash(key)
        self._own[hashed % SLOTS] = hashed & _KEY | min(value, _VALUE)

    def get(self, key: Hashable) -> int | None:
        """The number that was kept for a key; None when it is not known, or not any more."""
        hashed = hash(key) & _WORD
        for words in self._shared():
            word = words[hashed % SLOTS]
            if word and (word ^ hashed) <= _VALUE:
                return word & _VALUE
        return None


class Recent:
    """The predictions and labels of a server."""

    def __init__(self, predictions: Table | None = None, labels: Table | None = None) -> None:
        self._predictions = predictions or Table()
        self._labels = labels or Table()
        self._mark = secrets.token_hex(4)
        self._made = 0

    def made(self) -> str:
        """A new id: no other process, and no other call of this one, makes it."""
        self._made += 1
        return f"{self._mark}-{self._made:x}"

    def note(self, model: str, name: str, rows: int) -> None:
        """A prediction of so many rows was made under this id."""
        self._predictions.put((model, name), rows)

    def judge(self, model: str, name: str, row: int, label: str | float) -> Outcome:
        """What a label is: to be recorded if `accepted` or `unknown`, the id of a prediction long ago or of none.

        The first label of a row stands; one that says the same is a `duplicate`, another one a `conflict`.
        """
        rows = self._predictions.get((model, name))
        if rows is not None and row >= rows < _VALUE:
            return "no_row"
        place = (model, name, row)
        said = hash((label,)) >> 40 & _VALUE  # the high bits, for fractions differ in no others
        before = self._labels.get(place)
        if before is not None:
            return "duplicate" if before == said else "conflict"
        self._labels.put(place, said)
        return "accepted" if rows is not None else "unknown"
