"""numpy's files: raw numbers of the size that the header says, or one pickle that is walked."""

import numpy as np
import pytest
from tests.evidence.scan.forge import PAYLOAD, refusals, saved

from headway.evidence.scan import examine


def header(text: str, body: bytes = b"", version: bytes = b"\x01\x00") -> bytes:
    """A numpy file with this header."""
    raw = text.encode()
    return b"\x93NUMPY" + version + len(raw).to_bytes(2 if version == b"\x01\x00" else 4, "little") + raw + body


def told(descr: str, shape: str = "(2,)") -> str:
    """A header as numpy words it."""
    return f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n"


@pytest.mark.parametrize("kind", ["f8", "?", "i1", "U5", "S3", "M8[ns]", "c16", "i4,(2,)f8,U3", "O", ">f4", "V7"])
def test_an_array_of_any_type_passes(kind: str) -> None:
    assert refusals(saved(np.zeros((3, 2), dtype=kind)), "m.npy") == ()
    assert refusals(saved(np.zeros((), dtype=kind)), "m.npy") == ()


def test_the_word_aligned_types_pass() -> None:
    assert refusals(saved(np.zeros(3, dtype=np.dtype([("a", "i1"), ("b", "f8")], align=True))), "m.npy") == ()


def test_a_payload_in_an_array_of_objects_is_refused() -> None:
    data = header(told("'|O'"), PAYLOAD)
    found = examine("m.npy", data)
    assert found.form == "npy"
    assert found.refused[0].what == "os:system is not on the reviewed list"
    assert refusals(header(told("[('a', '|O'), ('b', '<f8')]"), PAYLOAD), "m.npy")
    assert refusals(saved(np.array([1, "x"], dtype=object)) + PAYLOAD, "m.npy")


@pytest.mark.parametrize(
    "text",
    [
        told("'<f8'", "(3,)"), told("'<f8'", "(1,)"), told("'<f8'", "(-2,)"), told("'<f8'", "(True,)"), told("'f'"),
        told("'<f7'"), told("('<f8', (2,))"), told("[('a', '<f8', 2)]"), told("[1]"), told("None"), "{", "[]", "1", "",
        "{'descr': '<f8', 'fortran_order': 0, 'shape': (2,)}", "{'descr': '<f8', 'shape': (2,)}",
        told("'<f8'") + " " * 20_000, told("[" * 40 + "]" * 40), told("__import__('os').system('true')"),
        told("'\\x3cf8'"), told("'<f8'", "(" + "9" * 5000 + ",)"),
    ],
)  # fmt: skip
def test_a_header_that_numpy_does_not_write_is_refused(text: str) -> None:
    assert refusals(header(text, bytes(16)), "m.npy")


def test_a_file_that_ends_early_or_has_an_unknown_version_is_refused() -> None:
    for data in (b"\x93NUMPY", b"\x93NUMPY\x01\x00", b"\x93NUMPY\x04\x00\x00\x00\x00\x00", saved(np.arange(4))[:-1]):
        assert refusals(data, "m.npy")
    assert refusals(header(told("'<f8'"), bytes(16), b"\x02\x00"), "m.npy") == ()
