"""safetensors, and the files of XGBoost and LightGBM: no code in them, if they are what they say."""

import json
import struct

import pytest
from tests.evidence.scan.forge import PAYLOAD, refusals

from headway.evidence.scan import examine


def tensors(header: object, body: bytes = bytes(8)) -> bytes:
    """A file of safetensors with this header."""
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(raw).to_bytes(8, "little") + raw + body


def one(kind: str = "F32", shape: object = (2,), span: object = (0, 8)) -> dict[str, object]:
    """The description of a tensor."""
    return {"dtype": kind, "shape": shape, "data_offsets": span}


def test_safetensors_pass() -> None:
    data = tensors({"__metadata__": {"format": "pt"}, "a": one(), "b": one("I8", (4, 0), (8, 8))})
    assert examine("m.safetensors", data).form == "safetensors"
    assert refusals(data, "m.safetensors") == ()
    assert refusals(tensors({}, b""), "m.safetensors") == ()


ODD = {
    "a gap": tensors({"a": one(span=(4, 12))}, bytes(12)),
    "an overlap": tensors({"a": one(), "b": one()}),
    "something behind": tensors({"a": one()}, bytes(9)),
    "something missing": tensors({"a": one()}, bytes(7)),
    "another size": tensors({"a": one(shape=(3,))}),
    "an unknown type": tensors({"a": one("OBJECT")}),
    "a negative shape": tensors({"a": one(shape=(-2, -1))}),
    "a shape of texts": tensors({"a": one(shape=("2",))}),
    "a key too many": tensors({"a": {**one(), "code": "x"}}),
    "no description": tensors({"a": None}),
    "a name twice": tensors(b'{"a": 1, "a": 2}'),
    "metadata of numbers": tensors({"__metadata__": {"x": 1}}, b""),
    "metadata with escapes": tensors({"__metadata__": {"x": "\x1b[2J"}}, b""),
    "no JSON": tensors(b"{]"),
    "brackets inside each other": tensors(b'{"a":' + b"[" * 100_000),
    "a header of any length": (2**40).to_bytes(8, "little") + b"{}",
}


@pytest.mark.parametrize("data", ODD.values(), ids=ODD)
def test_safetensors_that_contradict_themselves_are_refused(data: bytes) -> None:
    assert refusals(data, "m.safetensors")


def test_a_file_that_is_a_pickle_as_well_is_refused() -> None:
    # The length of the header is a text of 32 bytes to a pickle, and in the header it goes on.
    header = b'{"__metadata__":{"": "' + b" " * 4 + PAYLOAD + b'"}}'
    raw = header + b" " * (0x2055 - len(header))
    data = len(raw).to_bytes(8, "little") + raw
    assert data.startswith(b"U ")
    assert any("os:system" in what for what in refusals(data, "m.safetensors"))


BOOSTER = {"learner": {"gradient_booster": {}}, "version": [3, 0, 0]}


def test_boosters_pass() -> None:
    assert refusals(json.dumps(BOOSTER).encode(), "m.json") == ()
    ubj = (
        b"{U\x07learner{U\x01a[$d#L" + struct.pack(">q", 2) + bytes(8) + b"U\x01b[$U#U\x02ab" + b"U\x01cSU\x02xy"
        + b"U\x01d[TFZ]}U\x07version[i\x01i\x02i\x03]}"
    )  # fmt: skip
    assert examine("m.ubj", ubj).form == "XGBoost UBJSON"
    assert refusals(ubj, "m.ubj") == ()
    assert refusals(b"tree\nversion=v4\nnum_class=1\n\nTree=0\nend of trees\n", "m.txt") == ()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("m.json", b"{}"), ("m.json", b'{"learner": 1}'), ("m.json", json.dumps(BOOSTER).encode()[:-3]),
        ("m.json", b'{"learner": ' + b"[" * 100_000), ("m.json", b'{"chat_template": "{{ os }}"}'),
        ("m.ubj", b"{}"), ("m.ubj", b"{U\x07learnerZU\x07versionZ}x"), ("m.ubj", b"{U\x07learnerZU\x07version"),
        ("m.ubj", b"{U\x07learner" + b"[" * 100_000), ("m.ubj", b"{L" + b"\xff" * 8), ("m.ubj", b"{#L" + b"\x7f" * 8),
        ("m.ubj", b"{U\x07learner[$d#L" + b"\x7f" * 8 + b"U\x07versionZ}"), ("m.ubj", b"{U\x07learner[$d\0\0]}"),
        ("m.txt", b"tree\nversion=v4\n"), ("m.txt", b"tree\nversion=v4\n\0\nend of trees"),
        ("m.txt", b"tree\nversion=v4\n\xff\nend of trees"), ("m.cbm", b"CBM1" + bytes(100)),
    ],
)  # fmt: skip
def test_boosters_that_are_damaged_or_something_else_are_refused(name: str, data: bytes) -> None:
    assert refusals(data, name)
