"""Tells a file's form by its bytes, not by its name, and scans it.  Decompression is bounded."""

import bz2
import lzma
import zlib
from collections.abc import Callable, Collection, Mapping

from headway.evidence.measurement import ScanFacts
from headway.evidence.scan.allowed import is_allowed
from headway.evidence.scan.pickle import walk
from headway.spec.digest import digest

__all__ = ["scan"]

MOST_BYTES = 2 * 2**30

# First bytes -> how a compressed stream is opened; joblib opens these by itself, whatever the file is called.
COMPRESSED: Mapping[bytes, Callable[[], object]] = {
    b"\x1f\x8b": lambda: zlib.decompressobj(wbits=31),
    b"x\x01": zlib.decompressobj,
    b"x\x5e": zlib.decompressobj,
    b"x\x9c": zlib.decompressobj,
    b"x\xda": zlib.decompressobj,
    b"BZ": bz2.BZ2Decompressor,
    b"\xfd7zXZ": lzma.LZMADecompressor,
    b"\x5d\x00": lzma.LZMADecompressor,
}


def scan(name: str, data: bytes, *, allow: Collection[str] = ()) -> ScanFacts:
    """Everything in a model file that is refused, with the reason; `allow` adds globals as `module:name`."""
    refused, names = _scan(name, data, allow)
    return ScanFacts(file=name, sha256=digest(data), refused=tuple(refused), globals=tuple(names))


def _scan(name: str, data: bytes, allow: Collection[str]) -> tuple[list[str], list[str]]:
    for start, opener in COMPRESSED.items():
        if data.startswith(start):
            whole = _opened(data, opener())
            if whole is None:
                return ["it is compressed, and cannot be opened within bounds"], []
            return _scan(name, whole, allow)
    if data.startswith(b"PK"):
        return ["zip archives (torch, npz, skops) are not understood yet"], []
    if name.endswith(".onnx"):
        return [], []
    if data[:1] in (b"\x80", b"c", b"(", b"}", b"]"):
        found = walk(data)
        bad = [full for full in found.globals if full not in allow and not is_allowed(*full.split(":", 1))]
        return [*found.faults, *(f"{full} is not on the reviewed list" for full in bad)], list(found.globals)
    return ["it is in no form that is understood here"], []


def _opened(data: bytes, opener: object) -> bytes | None:
    """The decompressed bytes; None when they are damaged, cut, or too many."""
    try:
        whole: bytes = opener.decompress(data, MOST_BYTES)  # type: ignore[attr-defined]  # three modules, one method
    except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError):
        return None
    complete: bool = opener.eof  # type: ignore[attr-defined]  # the same
    return whole if complete else None
