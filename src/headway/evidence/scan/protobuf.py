"""The wire of Protocol Buffers: fields of a message, one after the other.  Knows no message, and goes into none."""

import re
from collections.abc import Iterator

from headway.evidence.scan.fault import ForbiddenError

__all__ = ["BYTES", "Field", "fields", "varint"]

# Number of the field, its wire type, and its value or where its bytes are.
Field = tuple[int, int, int, int]

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
_WIDTHS = {FIXED64: 8, FIXED32: 4}
# Repeated numbers stand one by one in older files, millions of them; a run of one field is stepped over at once.
_RUNS = {
    0x3D: re.compile(rb"(?:\x3d.{4})++", re.DOTALL),
    0x40: re.compile(rb"(?:\x40[\x80-\xff]{0,9}[\x00-\x7f])++"),
}


def fields(data: bytes, start: int, end: int) -> Iterator[Field]:
    """Field by field: (number, wire type, value, 0), and for bytes (number, 2, where they begin, where they end).

    Of a run of equal fixed or variable numbers only the first is told.
    """
    place = start
    while place < end:
        run = _RUNS.get(data[place])
        tag, after = varint(data, place, end)
        number, wire = tag >> 3, tag & 7
        if not number:
            raise ForbiddenError("a protobuf field without a number")
        if wire == VARINT:
            value, place_after = varint(data, after, end)
            yield number, wire, value, 0
        elif wire == BYTES:
            length, begin = varint(data, after, end)
            place_after = begin + length
            yield number, wire, begin, place_after
        elif wire in _WIDTHS:
            place_after = after + _WIDTHS[wire]
            yield number, wire, int.from_bytes(data[after:place_after], "little"), 0
        else:
            raise ForbiddenError("a protobuf field of an unknown kind")
        if place_after > end:
            raise ForbiddenError("a protobuf message that is cut off")
        found = run.match(data, place_after, end) if run else None
        place = found.end() if found else place_after


def varint(data: bytes, place: int, end: int) -> tuple[int, int]:
    """A number of variable length, and where it ends."""
    value = 0
    for shift in range(0, 70, 7):
        if place >= end:
            raise ForbiddenError("a protobuf message that is cut off")
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & (2**64 - 1), place
    raise ForbiddenError("a protobuf number that is too long")
