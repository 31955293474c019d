"""numpy's own files: a header of fixed words, then raw numbers, or one pickle when the array holds objects."""

import ast
import math
import re
from typing import NamedTuple

from headway.evidence.scan.archive import content, entries
from headway.evidence.scan.array_type import by_name
from headway.evidence.scan.fault import ForbiddenError
from headway.evidence.scan.pickle import walk
from headway.evidence.scan.report import Report

__all__ = ["MAGIC", "read_npy", "read_npz"]

MAGIC = b"\x93NUMPY"

# As numpy does (numpy/lib/format.py): a longer header is not read by literal_eval without being asked to.
MOST_HEADER = 10_000
MOST_DEPTH = 20
# What a header that numpy wrote is made of; nothing in it needs an escape, a comment or a call.
_PLAIN = re.compile(r"[\w\s{}()\[\],:'<>=|.+-]*")


class _Header(NamedTuple):
    width: int
    objects: bool
    values: int
    begin: int


def read_npy(data: bytes, report: Report) -> None:
    """The array fills the file to its end; when it holds objects, its pickle is walked."""
    header = _header(data)
    if header.objects:
        walk(data[header.begin :], report, arrays=False)
    elif len(data) - header.begin != header.values * header.width:
        raise ForbiddenError("a numpy file that is shorter or longer than its array")


def read_npz(data: bytes, report: Report) -> None:
    """An archive of numpy files."""
    for entry in entries(data):
        array = content(data, entry)
        if not entry.name.endswith(".npy") or not array.startswith(MAGIC):
            raise ForbiddenError(f"{entry.name} in the npz archive is no numpy array")
        read_npy(array, report)


def _header(data: bytes) -> _Header:
    version = data[6:8]
    size = {b"\x01\x00": 2, b"\x02\x00": 4, b"\x03\x00": 4}.get(version)
    if size is None or len(data) < 8 + size:
        raise ForbiddenError("a numpy file of an unknown version")
    length = int.from_bytes(data[8 : 8 + size], "little")
    told = _literal(data[8 + size : 8 + size + length], length)
    if not isinstance(told, dict) or told.keys() != {"descr", "fortran_order", "shape"}:
        raise ForbiddenError("a numpy file whose header is not what numpy writes")
    shape = told["shape"]
    if not isinstance(shape, tuple) or not all(type(size) is int and size >= 0 for size in shape):
        raise ForbiddenError("a numpy file of unknown shape")
    if not isinstance(told["fortran_order"], bool):
        raise ForbiddenError("a numpy file of unknown order")
    width, objects = _measured(told["descr"])
    return _Header(width, objects, math.prod(shape), 8 + size + length)


def _literal(raw: bytes, length: int) -> object:
    text = raw.decode("utf-8", "replace")
    if len(raw) != length or length > MOST_HEADER or not _PLAIN.fullmatch(text):
        raise ForbiddenError("a numpy file whose header is not what numpy writes")
    depth = deepest = 0
    for sign in text:
        depth += (sign in "{[(") - (sign in "}])")
        deepest = max(deepest, depth)
    if deepest > MOST_DEPTH:
        raise ForbiddenError("a numpy file whose header is nested too deep")
    try:
        found: object = ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        raise ForbiddenError("a numpy file whose header is not what numpy writes") from None
    return found


def _measured(descr: object) -> tuple[int, bool]:
    """Bytes of an element, and whether it holds objects."""
    if isinstance(descr, str):
        named = by_name(descr)
        if named is None:
            raise ForbiddenError("a numpy file of an unknown type")
        return named.width, named.objects
    if not isinstance(descr, list):
        raise ForbiddenError("a numpy file of an unknown type")
    width, objects = 0, False
    for field in descr:
        if not isinstance(field, tuple) or len(field) not in (2, 3):
            raise ForbiddenError("a numpy file of an unknown type")
        shape = field[2] if len(field) == 3 else ()
        if not isinstance(shape, tuple) or not all(type(size) is int and size >= 0 for size in shape):
            raise ForbiddenError("a numpy file of an unknown type")
        one, held = _measured(field[1])
        width, objects = width + one * math.prod(shape), objects or held
    return width, objects
