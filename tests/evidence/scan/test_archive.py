"""Zip archives: only what can be read in one way is read at all."""

import io
import struct
import zipfile
from collections.abc import Callable

import numpy as np
import pytest
from tests.evidence.scan.forge import PAYLOAD, dumped, refusals, saved, zipped

from headway.evidence.scan import examine

ARRAY = saved(np.arange(3.0))
GOOD = zipped({"a.npy": ARRAY, "b.npy": ARRAY})


def altered(data: bytes, mark: bytes, offset: int, value: bytes, *, first: bool = True) -> bytes:
    """The archive with bytes overwritten, counted from one of its marks."""
    at = (data.find(mark) if first else data.rfind(mark)) + offset
    return data[:at] + value + data[at + len(value) :]


LOCAL, CENTRAL, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"


def test_an_ordinary_archive_passes_stored_and_deflated() -> None:
    assert refusals(GOOD, "m.npz") == ()
    assert refusals(zipped({"a.npy": ARRAY}, zipfile.ZIP_DEFLATED), "m.npz") == ()
    file = io.BytesIO()
    np.savez_compressed(file, a=np.arange(5), b=np.array(["x", None], dtype=object))
    assert examine("m.npz", file.getvalue()).refused == ()


def test_an_archive_written_to_a_pipe_passes() -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def seek(self, *_: int) -> int:
            raise io.UnsupportedOperation

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w") as archive:
        archive.writestr("a.npy", ARRAY)
    assert refusals(pipe.getvalue(), "m.npz") == ()


TRICKS: dict[str, bytes] = {
    "bytes before it": b"#!/bin/sh\n" + GOOD,
    "a pickle before it": dumped({}) + GOOD,
    "bytes behind it": GOOD + b"x",
    "a comment": altered(GOOD, END, 20, b"\x01\x00") + b"x",
    "no directory": GOOD[: GOOD.find(CENTRAL)],
    "cut in the middle": GOOD[: len(GOOD) // 2],
    "encrypted by the directory": altered(GOOD, CENTRAL, 8, b"\x01\x00"),
    "encrypted by the entry": altered(GOOD, LOCAL, 6, b"\x01\x00"),
    "patched data": altered(GOOD, CENTRAL, 8, b"\x20\x00"),
    "strongly encrypted": altered(altered(GOOD, CENTRAL, 8, b"\x40\x00"), LOCAL, 6, b"\x40\x00"),
    "another method in the directory": altered(GOOD, CENTRAL, 10, b"\x08\x00"),
    "a method nobody has": altered(altered(GOOD, CENTRAL, 10, b"\x63\x00"), LOCAL, 8, b"\x63\x00"),
    "another name in the directory": altered(GOOD, CENTRAL, 46, b"z"),
    "another size in the directory": altered(GOOD, CENTRAL, 24, struct.pack("<I", 1)),
    "a checksum that is wrong": altered(altered(GOOD, CENTRAL, 16, bytes(4)), LOCAL, 14, bytes(4)),
    "bytes that are wrong": altered(GOOD, b"\x93NUMPY", 100, b"\xaa"),
    "a count that is wrong": altered(GOOD, END, 8, b"\x01\x00\x01\x00"),
    "several parts": altered(GOOD, END, 4, b"\x01\x00"),
    "a directory elsewhere": altered(GOOD, END, 16, struct.pack("<I", 1)),
    "the same name twice": zipped({"a.npy": ARRAY, "A.npy": ARRAY}),
    "a way up": zipped({"../a.npy": ARRAY}),
    "a way from the root": zipped({"/a.npy": ARRAY}),
    "a way with backslashes": zipped({"..\\a.npy": ARRAY}),
    "a drive": zipped({"c:a.npy": ARRAY}),
    "a folder": zipped({"a.npy": ARRAY, "b.npy/": b""}),
    "a control sign": zipped({"a\x1b.npy": ARRAY}),
    "a file that is no array": zipped({"a.npy": ARRAY, "b.npy": PAYLOAD}),
    "a field with another name": altered(GOOD, LOCAL, 28, b"\x00\x01"),
}  # fmt: skip


@pytest.mark.parametrize("data", TRICKS.values(), ids=TRICKS)
def test_an_archive_that_two_programs_could_read_differently_is_refused(data: bytes) -> None:
    assert refusals(data, "m.npz")
    assert refusals(data, "m")


def test_an_entry_under_an_entry_is_refused() -> None:
    other = zipped({"c.npy": ARRAY})
    hidden = GOOD[: GOOD.find(CENTRAL)] + other + GOOD[GOOD.find(CENTRAL) :]
    assert refusals(hidden, "m.npz")


def test_an_entry_that_swells_is_refused() -> None:
    bomb = zipped({"a.npy": saved(np.zeros(12 * 2**20))}, zipfile.ZIP_DEFLATED)
    assert any("grows beyond" in what for what in refusals(bomb, "m.npz"))


def test_an_archive_of_anything_else_has_no_known_form() -> None:
    for files in ({"model.pkl": PAYLOAD}, {"model.pkl": dumped({})}, {"a.npy": ARRAY, "README.md": b"x"}):
        assert refusals(zipped(files), "m.zip")
    assert refusals(zipped({}), "m.npz")
    assert refusals(b"7z\xbc\xaf\x27\x1c" + bytes(50), "m.7z")


@pytest.mark.parametrize("change", [lambda data: data + b"\0", lambda data: b"\0" + data])
def test_one_byte_more_is_too_much(change: Callable[[bytes], bytes]) -> None:
    assert refusals(change(GOOD), "m.npz")
