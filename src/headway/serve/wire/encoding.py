"""Content encodings of request bodies: gzip and deflate are undone, and never beyond a bound."""

import zlib

from headway.serve.fault import Fault

__all__ = ["plain"]

_GZIP = {b"gzip", b"x-gzip"}  # the same thing, RFC 9110 section 8.4.1.3
# `wbits` of zlib: what header a stream begins with.
_WITH_GZIP, _WITH_ZLIB, _RAW = 31, 15, -15


def plain(body: bytes, encoding: bytes, most: int) -> bytes:
    """A body as it was before it was encoded.

    Fault 415 for an encoding that is not spoken, 400 for a stream that is corrupt or cut short, 413 for one of more
    than `most` bytes: no more than that is ever made of it, whatever it claims to hold.
    """
    name = encoding.strip().lower()
    if name in {b"", b"identity"}:
        return body
    if name in _GZIP:
        return _undone(body, _WITH_GZIP, "gzip", most)
    if name == b"deflate":
        return _undone(body, _WITH_ZLIB if _begins_as_zlib(body) else _RAW, "deflate", most)
    raise Fault(415, f"content encoding {encoding.decode('latin-1')[:40]!r} is not spoken; there is gzip, deflate")


def _begins_as_zlib(body: bytes) -> bool:
    """Is there a header of RFC 1950?

    The RFC of HTTP asks for one, and clients send raw streams all the same. No encoder's raw stream begins like a
    header: its first block would be a stored one, whose padding bits are zero.
    """
    return len(body) > 1 and body[0] & 15 == 8 and (body[0] << 8 | body[1]) % 31 == 0


def _undone(body: bytes, wbits: int, name: str, most: int) -> bytes:
    stream = zlib.decompressobj(wbits)
    try:
        made = stream.decompress(body, most + 1)
    except zlib.error as error:
        raise Fault(400, f"the body is not {name}: {error}") from None
    if len(made) > most:
        raise Fault(413, f"the body may have {most} bytes when it is no longer {name}")
    if not stream.eof:
        raise Fault(400, f"the body is cut short: its {name} stream does not end")
    if stream.unused_data:  # gzip may be several members, which no client sends and which cost a copy of the rest each
        raise Fault(400, f"something follows the {name} stream in the body")
    return made
