"""Tensors as raw bytes, as the binary extension of REST and gRPC's `raw_input_contents` both carry them.

Numbers are little-endian, one after the other; BYTES are texts in UTF-8, each after its length in four bytes.
"""

import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headway.serve.fault import Fault

__all__ = ["DATATYPES", "INTEGERS", "decode", "encode"]

_NUMBERS: Mapping[str, np.dtype[Any]] = {
    "BOOL": np.dtype("u1"),
    "INT8": np.dtype("i1"),
    "INT16": np.dtype("<i2"),
    "INT32": np.dtype("<i4"),
    "INT64": np.dtype("<i8"),
    "UINT8": np.dtype("u1"),
    "UINT16": np.dtype("<u2"),
    "UINT32": np.dtype("<u4"),
    "UINT64": np.dtype("<u8"),
    "FP16": np.dtype("<f2"),
    "FP32": np.dtype("<f4"),
    "FP64": np.dtype("<f8"),
}
DATATYPES = (*_NUMBERS, "BYTES")
INTEGERS: Mapping[str, tuple[int, int]] = {
    name: (int(np.iinfo(kind).min), int(np.iinfo(kind).max)) for name, kind in _NUMBERS.items() if "INT" in name
}
_LENGTH = struct.Struct("<I")

Raw = bytes | memoryview


def decode(name: str, datatype: str, count: int, raw: Raw) -> NDArray[Any] | list[str]:
    """The `count` values of input `name`: numbers as an array that shares the bytes, BYTES as texts.

    Fault 400 when the bytes are not exactly so many values; `datatype` is one of DATATYPES.

    >>> decode("x", "INT16", 2, bytes([1, 0, 255, 255])).tolist()
    [1, -1]
    >>> decode("x", "BYTES", 2, bytes([2, 0, 0, 0, 65, 66, 0, 0, 0, 0]))
    ['AB', '']
    """
    if datatype == "BYTES":
        return _texts(name, count, raw)
    kind = _NUMBERS[datatype]
    if len(raw) != count * kind.itemsize:
        told = f"{len(raw)} bytes, and its shape asks for {count} values of {kind.itemsize} ({datatype})"
        raise Fault(400, f"input {name!r}: {told}")
    return np.frombuffer(raw, kind)


def encode(datatype: str, values: Sequence[Any] | NDArray[Any]) -> bytes:
    r"""Values as bytes: what `decode` reads.

    >>> encode("BYTES", ["AB", ""])
    b'\x02\x00\x00\x00AB\x00\x00\x00\x00'
    """
    if datatype != "BYTES":
        return np.asarray(values, _NUMBERS[datatype]).tobytes()
    parts: list[bytes] = []
    for value in values:
        text = str(value).encode("utf-8", "replace")
        parts += (_LENGTH.pack(len(text)), text)
    return b"".join(parts)


def _texts(name: str, count: int, raw: Raw) -> list[str]:
    texts: list[str] = []
    place, end = 0, len(raw)
    if count * _LENGTH.size > end:  # before anything of that size is made
        raise Fault(400, f"input {name!r}: {end} bytes, too few for {count} texts (BYTES)")
    for row in range(count):
        start = place + _LENGTH.size
        if start > end or (place := start + _LENGTH.unpack_from(raw, place)[0]) > end:
            raise Fault(400, f"input {name!r}: its bytes end within a text, in row {row}")
        try:
            texts.append(str(raw[start:place], "utf-8"))
        except UnicodeDecodeError:
            raise Fault(400, f"input {name!r}: a text that is not UTF-8, in row {row}") from None
    if place != end:
        raise Fault(400, f"input {name!r}: {end - place} bytes follow the last of its {count} texts")
    return texts
