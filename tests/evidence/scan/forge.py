"""Forges hostile files opcode by opcode, and says what the scan refuses.  Nothing here is ever loaded."""

import io
import pickle
import struct
import zipfile
from collections.abc import Collection, Mapping
from typing import Any

import joblib
import numpy as np

from headway.evidence.scan import examine

__all__ = [
    "PAYLOAD", "dumped", "joblibbed", "number", "refusals", "refused_globals", "saved", "text", "whole", "zipped",
]  # fmt: skip

# What a payload would do, as protocol 0 writes it: os.system("true").
PAYLOAD = b"cos\nsystem\n(S'true'\ntR."


def refusals(data: bytes, name: str = "model", allow: Collection[str] = ()) -> tuple[str, ...]:
    """What is refused, in sentences; each comes with a cure."""
    found = examine(name, data, allow=allow)
    assert all(refusal.what and refusal.cure for refusal in found.refused)
    return tuple(refusal.what for refusal in found.refused)


def refused_globals(data: bytes, name: str = "model") -> set[str]:
    """The globals among what is refused."""
    told = " is not on the reviewed list"
    return {what.removesuffix(told) for what in refusals(data, name) if what.endswith(told)}


def text(value: str) -> bytes:
    """A text as protocol 4 writes it."""
    raw = value.encode()
    return pickle.SHORT_BINUNICODE + bytes([len(raw)]) + raw


def whole(*parts: bytes, protocol: int = 4) -> bytes:
    """A pickle of these opcodes."""
    return b"\x80" + bytes([protocol]) + b"".join(parts) + b"."


def dumped(value: object, protocol: int = 4) -> bytes:
    """A value as pickle writes it."""
    return pickle.dumps(value, protocol=protocol)


def joblibbed(value: object, **options: Any) -> bytes:
    """A value as joblib writes it."""
    file = io.BytesIO()
    joblib.dump(value, file, **options)
    return file.getvalue()


def saved(array: Any) -> bytes:
    """An array as numpy writes it."""
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


def zipped(files: Mapping[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    """An ordinary archive."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return file.getvalue()


def number(value: int) -> bytes:
    """A whole number of four bytes, as BININT writes it."""
    return pickle.BININT + struct.pack("<i", value)
