"""Reads a zip archive that can be read in one way only.  Whatever two programs could read differently is refused.

Entries fill the file from its first byte to the central directory, and every entry says the same in both places.
"""

import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from headway.evidence.scan.compressed import Zlib, bounded
from headway.evidence.scan.fault import ForbiddenError

__all__ = ["Entry", "content", "entries"]

MOST_ENTRIES = 20_000

_END = struct.Struct("<4s4H2IH")
_END64 = struct.Struct("<4sQ2H2I4Q")
_LOCATOR = struct.Struct("<4sIQI")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_LOCAL = struct.Struct("<4s5H3I2H")

_UTF8, _DESCRIPTOR = 0x800, 0x008
_FLAGS = _UTF8 | _DESCRIPTOR | 0x006  # and how hard it was deflated
_STORED, _DEFLATED = 0, 8
_ALL32 = 0xFFFFFFFF
_ZIP64 = 1
# zip64, times, owner of Info-ZIP, and the padding that torch aligns its tensors with.
_EXTRAS = frozenset({_ZIP64, 0x5455, 0x7875, 0x4246})


class Entry(NamedTuple):
    """A file in the archive: its name, how it is packed, and where its bytes are."""

    name: str
    method: int
    crc: int
    start: int
    packed: int
    size: int


class _Row(NamedTuple):
    """What the central directory says of an entry."""

    raw: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    place: int


def entries(data: bytes) -> tuple[Entry, ...]:
    """The files of an archive; ForbiddenError when it is not the plain archive that a library writes."""
    try:
        rows, end = _directory(data)
        found, place = [], 0
        for row in sorted(rows, key=lambda row: row.place):
            if row.place != place:
                raise ForbiddenError("a zip archive with bytes between, before or over its files")
            entry, place = _entry(data, row)
            found.append(entry)
    except struct.error:
        raise ForbiddenError("a zip archive that is cut off") from None
    if place != end:
        raise ForbiddenError("a zip archive with bytes between its files and its directory")
    folded = [entry.name.casefold() for entry in found]
    if len(set(folded)) != len(folded):
        raise ForbiddenError("a zip archive that names a file twice")
    return tuple(found)


def content(data: bytes, entry: Entry) -> bytes:
    """The bytes of a file of the archive, its checksum held against them."""
    packed = data[entry.start : entry.start + entry.packed]
    if entry.method == _DEFLATED:
        try:
            packed = bounded(Zlib(-15), packed)
        except zlib.error as error:
            raise ForbiddenError(f"{entry.name} in the zip archive is damaged: {error}") from None
    if len(packed) != entry.size or zlib.crc32(packed) != entry.crc:
        raise ForbiddenError(f"{entry.name} in the zip archive is not what its size and checksum say")
    return packed


def _directory(data: bytes) -> tuple[list[_Row], int]:
    """The rows of the central directory, and where it begins.  It ends with the file."""
    end = len(data) - _END.size
    if end < 0:
        raise ForbiddenError("a zip archive that is cut off")
    mark, disk, first, here, count, size, place, comment = _END.unpack_from(data, end)
    if mark != b"PK\x05\x06" or comment or disk or first or here != count:
        raise ForbiddenError("a zip archive that does not end with its directory, or with a comment")
    if data[end - _LOCATOR.size : end][:4] == b"PK\x06\x07":
        end, count, size, place = _directory64(data, end - _LOCATOR.size, (count, size, place))
    if place + size != end or count > MOST_ENTRIES:
        raise ForbiddenError("a zip archive whose directory is not where it says, or too long")
    rows = []
    for _ in range(count):
        row, place = _row(data, place)
        rows.append(row)
    if place != end:
        raise ForbiddenError("a zip archive whose directory is longer than its files")
    return rows, end - size


def _directory64(data: bytes, locator: int, short: tuple[int, int, int]) -> tuple[int, int, int, int]:
    """Where the directory ends, its count, size and place, by the record for large archives."""
    _, disk, place64, disks = _LOCATOR.unpack_from(data, locator)
    if place64 + _END64.size != locator:
        raise ForbiddenError("a zip archive with bytes between its two ends")
    mark, length, _, _, here, first, count, total, size, place = _END64.unpack_from(data, place64)
    agree = all(told in (real, full) for told, real, full in zip(short, (total, size, place), _FULL, strict=True))
    if mark != b"PK\x06\x06" or length != _END64.size - 12 or not agree:
        raise ForbiddenError("a zip archive whose two ends contradict each other")
    if disk or here or first or disks != 1 or count != total:
        raise ForbiddenError("a zip archive in several parts")
    return place64, total, size, place


_FULL = (0xFFFF, _ALL32, _ALL32)


def _row(data: bytes, at: int) -> tuple[_Row, int]:
    (mark, _, _, flags, method, _, _, crc, packed, size, named, extra, comment, disk, _, _, place) = (
        _CENTRAL.unpack_from(data, at)
    )
    if mark != b"PK\x01\x02" or comment or disk:
        raise ForbiddenError("a zip archive whose directory is damaged, or has comments")
    start = at + _CENTRAL.size
    raw, more = data[start : start + named], data[start + named : start + named + extra]
    size, packed, place = _large(more, (size, packed, place))
    return _Row(raw, flags, method, crc, packed, size, place), start + named + extra


def _large(extra: bytes, short: tuple[int, ...]) -> tuple[int, ...]:
    """Numbers that did not fit stand in the zip64 field, in this order."""
    held = b"".join(body for kind, body in _extras(extra) if kind == _ZIP64)
    numbers = (number for (number,) in struct.iter_unpack("<Q", held[: len(held) // 8 * 8]))
    found = tuple(next(numbers, -1) if told == _ALL32 else told for told in short)
    if -1 in found:
        raise ForbiddenError("a zip archive with a size that is nowhere")
    return found


def _extras(extra: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        at += 4
        if kind not in _EXTRAS or at + length > len(extra):
            raise ForbiddenError("a zip archive with a field of an unknown kind")
        yield kind, extra[at : at + length]
        at += length


def _entry(data: bytes, row: _Row) -> tuple[Entry, int]:
    """The entry as its own header tells it, which must be as the directory does; and where the next one begins."""
    mark, _, flags, method, _, _, crc, packed, size, named, extra = _LOCAL.unpack_from(data, row.place)
    start = row.place + _LOCAL.size
    raw, more = data[start : start + named], data[start + named : start + named + extra]
    name = _name(row)
    if mark != b"PK\x03\x04" or (raw, flags, method) != (row.raw, row.flags, row.method):
        raise ForbiddenError(f"{name} in the zip archive is named or packed otherwise in the directory")
    size, packed = _large(more, (size, packed))
    told, real = (crc, packed, size), (row.crc, row.packed, row.size)
    start, at = start + named + extra, start + named + extra + row.packed
    if told != real and not (flags & _DESCRIPTOR and told == (0, 0, 0)):
        raise ForbiddenError(f"{name} in the zip archive has another size or checksum in the directory")
    if flags & _DESCRIPTOR:
        at += _descriptor(data, at, real, name)
    if method == _STORED and row.packed != row.size:
        raise ForbiddenError(f"{name} in the zip archive is stored, and has two sizes")
    return Entry(name, method, row.crc, start, row.packed, row.size), at


def _descriptor(data: bytes, at: int, real: tuple[int, int, int], name: str) -> int:
    """Bytes of the descriptor that follows an entry written in a stream."""
    for form in ("<4s3I", "<4sI2Q"):
        length = struct.calcsize(form)
        if at + length <= len(data) and struct.unpack_from(form, data, at) == (b"PK\x07\x08", *real):
            return length
    raise ForbiddenError(f"{name} in the zip archive has another size or checksum behind it")


def _name(row: _Row) -> str:
    if row.flags & ~_FLAGS or row.method not in (_STORED, _DEFLATED):
        raise ForbiddenError("a zip archive that is encrypted, or packed in an unusual way")
    try:
        name = row.raw.decode("utf-8" if row.flags & _UTF8 else "ascii")
    except UnicodeDecodeError:
        raise ForbiddenError("a zip archive with a name that cannot be read in one way") from None
    parts = name.split("/")
    if not name.isprintable() or "\\" in name or ":" in name or any(part in ("", ".", "..") for part in parts):
        raise ForbiddenError(f"a zip archive that names {name[:200]!a}, which is no plain path of a file")
    return name
