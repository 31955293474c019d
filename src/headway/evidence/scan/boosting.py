"""XGBoost's, LightGBM's and CatBoost's own files: trees as numbers, which their native code reads.

Only the form is checked.
"""

import re
import struct

import msgspec

from headway.evidence.scan.fault import ForbiddenError
from headway.evidence.scan.report import Report

__all__ = [
    "CATBOOST", "LIGHTGBM", "read_catboost", "read_lightgbm", "read_xgboost_json", "read_xgboost_ubj", "tells_json",
    "tells_ubj",
]  # fmt: skip

LIGHTGBM = re.compile(rb"tree\r?\nversion=v\d+\r?\n")
CATBOOST = b"CBM1"

MOST_DEPTH = 64
_JSON = re.compile(rb"\s*\{\s*[\"}]")
_KEYS = {"learner", "version"}
# Universal Binary JSON, draft 12: bytes of a value by its mark; lengths are written as values too.
_FIXED = {b"Z": 0, b"N": 0, b"T": 0, b"F": 0, b"i": 1, b"U": 1, b"C": 1, b"I": 2, b"l": 4, b"d": 4, b"L": 8, b"D": 8}
_WHOLE = {b"i": "b", b"U": "B", b"I": ">h", b"l": ">i", b"L": ">q"}


def tells_json(data: bytes) -> bool:
    """An object in JSON."""
    return _JSON.match(data) is not None


def tells_ubj(data: bytes) -> bool:
    """An object in Universal Binary JSON: a key of a written length follows."""
    return data[:1] == b"{" and data[1:2] in (*_WHOLE, b"#", b"$", b"}")


def read_xgboost_json(data: bytes, _: Report) -> None:
    """A JSON object with XGBoost's two keys."""
    try:
        told = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise ForbiddenError(f"a JSON file that is damaged: {error}") from None
    _check(told.keys())


def read_xgboost_ubj(data: bytes, _: Report) -> None:
    """The same in Universal Binary JSON, to the end of the file."""
    reader = _Ubj(data)
    keys = reader.walk()
    if reader.place != len(data):
        raise ForbiddenError("a UBJSON file with something behind its end")
    _check(keys)


def _check(keys: object) -> None:
    if keys != _KEYS:
        cure = "XGBoost writes such a file with booster.save_model; another kind of JSON is no model that is known here"
        raise ForbiddenError("a JSON file that is no model of XGBoost", cure)


def read_lightgbm(data: bytes, _: Report) -> None:
    """Text from the first line to the last, with the end of its trees."""
    if b"\nend of trees" not in data or b"\0" in data:
        raise ForbiddenError("a LightGBM file that is cut off, or no text")
    try:
        data.decode()
    except UnicodeDecodeError:
        raise ForbiddenError("a LightGBM file that is no text") from None


def read_catboost(data: bytes, _: Report) -> None:
    """A mark, the length of a table of flatbuffers, and the table; CatBoost verifies what stands in it as it loads."""
    if len(data) < 16:
        raise ForbiddenError("a CatBoost file that is cut off")
    size, root = struct.unpack_from("<II", data, len(CATBOOST))
    if not root < size <= len(data) - 8:
        raise ForbiddenError("a CatBoost file that is cut off, or damaged")


class _Ubj:
    """A place in the bytes of a UBJSON value; it goes on without recursion."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.place = 0

    def walk(self) -> set[str]:
        """Step over one value; the keys of its outermost object."""
        keys: set[str] = set()
        # Of every open container: is it an object, values left (-1: until its end mark), the mark of all its values.
        open_: list[tuple[bool, int, bytes]] = []
        self.value(self.take(1), open_)
        while open_:
            named, left, mark = open_.pop()
            if left == 0 or (left < 0 and self.ended(b"}" if named else b"]")):
                continue
            open_.append((named, left - (left > 0), mark))
            if named:
                key = self.text()
                if len(open_) == 1:
                    keys.add(key)
            self.value(mark or self.take(1), open_)
        return keys

    def value(self, mark: bytes, open_: list[tuple[bool, int, bytes]]) -> None:
        """Step over a value of a mark, or into a container."""
        if mark in (b"{", b"["):
            if len(open_) >= MOST_DEPTH:
                raise ForbiddenError(f"a UBJSON file with more than {MOST_DEPTH} values inside each other")
            self.container(open_, named=mark == b"{")
        elif mark in (b"S", b"H"):
            self.skip(self.length())
        elif mark in _FIXED:
            self.skip(_FIXED[mark])
        else:
            raise ForbiddenError("a UBJSON file with a value of an unknown kind")

    def container(self, open_: list[tuple[bool, int, bytes]], *, named: bool) -> None:
        """The type and count that its values may share; numbers of one type are stepped over at once."""
        mark = b""
        if self.ended(b"$"):
            mark = self.take(1)
        count = self.length() if self.ended(b"#") else -1
        if mark and count < 0:
            raise ForbiddenError("a UBJSON file with a type and no count")
        if mark in _FIXED and not named:
            self.skip(count * _FIXED[mark])
        else:
            if count > len(self.data):
                raise ForbiddenError("a UBJSON file that is cut off")
            open_.append((named, count, mark))

    def ended(self, mark: bytes) -> bool:
        """Step over this mark if it stands here."""
        here = self.data[self.place : self.place + 1] == mark
        self.place += here
        return here

    def length(self) -> int:
        """A length, written as a number of its own."""
        form = _WHOLE.get(self.take(1))
        if form is None:
            raise ForbiddenError("a UBJSON file with a length that is no number")
        (found,) = struct.unpack(form, self.take(struct.calcsize(form)))
        if found < 0:
            raise ForbiddenError("a UBJSON file with a negative length")
        return int(found)

    def text(self) -> str:
        """A key."""
        try:
            return self.take(self.length()).decode()
        except UnicodeDecodeError:
            raise ForbiddenError("a UBJSON file with a key that is no text") from None

    def take(self, count: int) -> bytes:
        """The next bytes."""
        self.skip(count)
        return self.data[self.place - count : self.place]

    def skip(self, count: int) -> None:
        """Step over bytes."""
        if self.place + count > len(self.data):
            raise ForbiddenError("a UBJSON file that is cut off")
        self.place += count
