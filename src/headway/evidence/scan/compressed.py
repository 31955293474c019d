"""Opens the compressed streams that joblib opens by itself, within bounds of size and ratio."""

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

from headway.evidence.scan.fault import REWRITE, ForbiddenError

__all__ = ["Zlib", "bounded", "name_of", "opened"]

# An opened model of more than this is refused; so is one that swells more than so many times beyond the free bytes.
MOST_BYTES = 2 * 2**30
MOST_RATIO = 200
FREE_BYTES = 64 * 2**20
_STEP = 2**20


class _Stream(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class Zlib:
    """A zlib, gzip or bare deflate stream, by `bits` as zlib counts them.

    It hands back what it has not read yet; the other kinds of stream keep that themselves.
    """

    def __init__(self, bits: int) -> None:
        self._stream = zlib.decompressobj(wbits=bits)

    @property
    def eof(self) -> bool:
        """Has the end of the stream been reached?"""
        return self._stream.eof

    @property
    def unused_data(self) -> bytes:
        """What follows the stream."""
        return self._stream.unused_data

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        """At most so many bytes of what comes next."""
        return self._stream.decompress(self._stream.unconsumed_tail + data, max_length)


# First bytes -> name, and how the stream is opened (joblib.compressor); whatever the file is called.
_STREAMS: Mapping[bytes, tuple[str, Callable[[], _Stream]]] = {
    b"\x1f\x8b": ("gzip", lambda: Zlib(31)),
    b"x": ("zlib", lambda: Zlib(15)),
    b"BZ": ("bz2", bz2.BZ2Decompressor),
    b"\xfd7zXZ": ("xz", lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=2**28)),
    b"\x5d\x00": ("lzma", lambda: lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=2**28)),
}
_LZ4 = b"\x04\x22\x4d\x18"


def name_of(data: bytes) -> str:
    """How these bytes are compressed; empty when they are not."""
    if data.startswith(_LZ4):
        return "lz4"
    return next((name for start, (name, _) in _STREAMS.items() if data.startswith(start)), "")


def opened(data: bytes) -> bytes:
    """The bytes of the one stream in these bytes; ForbiddenError when it may not be opened."""
    name = name_of(data)
    if name == "lz4":
        raise ForbiddenError(
            "it is compressed with lz4, which cannot be looked into here",
            "Write it with joblib.dump(model, path, compress=('zlib', 3)), or with xz",
        )
    make = next(make for start, (_, make) in _STREAMS.items() if data.startswith(start))
    try:
        return bounded(make(), data)
    except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError) as error:
        raise ForbiddenError(f"it is compressed, and the stream is damaged: {error}") from None


def bounded(stream: _Stream, data: bytes) -> bytes:
    """What a stream holds, as long as it is not too much; it must fill the bytes to the end."""
    most = min(MOST_BYTES, max(FREE_BYTES, len(data) * MOST_RATIO))
    whole, used = bytearray(), 0
    for given in _slices(data):
        used += len(given)
        part = stream.decompress(given, _STEP)
        whole += part
        while len(part) == _STEP and not stream.eof:
            part = stream.decompress(b"", _STEP)
            whole += part
            if len(whole) > most:
                cure = "Write it uncompressed, if it is as large as that" if most == MOST_BYTES else REWRITE
                raise ForbiddenError(f"it is compressed, and grows beyond {most:,} bytes", cure)
        if stream.eof:
            break
    if not stream.eof:
        raise ForbiddenError("it is compressed, and the stream is cut off")
    if stream.unused_data or used < len(data):
        raise ForbiddenError("it is compressed, and something follows the stream")
    return bytes(whole)


def _slices(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), _STEP):
        yield data[start : start + _STEP]
