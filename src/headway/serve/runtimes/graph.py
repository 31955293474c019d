"""Looks into an ONNX file before it is loaded: no data outside the file, no operators of unknown origin.

ONNX Runtime follows external paths wherever they lead, so they are refused by reading the protobuf wire format here
(onnx/onnx.proto names the fields); the onnx package itself is not needed to serve.
"""

import re
from collections.abc import Iterator, Mapping

__all__ = ["DOMAINS", "faults"]

DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml"})
# Of Microsoft's domain, which ONNX Runtime holds too, those that converters write: texts into words, by RE2.
MICROSOFT = "com.microsoft"
_OPERATORS = frozenset({"Tokenizer"})

# Message -> field number -> the message it holds, or what is looked at.
_FIELDS: Mapping[str, Mapping[int, str]] = {
    "model": {7: "graph", 8: "opset", 20: "training", 25: "function"},
    "opset": {1: "domain"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node", 9: "opset", 10: "domain", 11: "attribute"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "node": {4: "operator", 5: "attribute", 7: "domain"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {13: "external", 14: "location"},
}
# A forest's attributes are long runs of floats (field 7) and integers (field 8), one field each: skipped at C speed.
_RUNS = re.compile(rb"(?:\x3d[\x00-\xff]{4})+|(?:\x40[\x80-\xff]{0,9}[\x00-\x7f])+")
_DEPTH = 32


def faults(data: bytes) -> list[str]:
    """Why this ONNX file must not be loaded; empty when nothing speaks against it.

    >>> faults(b"")
    []
    >>> faults(bytes([0x42, 5, 10, 3]) + b"abc")
    ["operators of the unknown domain 'abc'"]
    """
    found: dict[str, None] = {}
    try:
        for fault in _walk(memoryview(data), "model", 0):
            found[fault] = None
    except (ValueError, IndexError):
        return ["it is not a readable ONNX file"]
    return list(found)


def _walk(data: memoryview, kind: str, depth: int) -> Iterator[str]:
    if depth > _DEPTH:
        yield "graphs nested too deeply"
        return
    known = _FIELDS[kind]
    operator, domain = "", ""
    for number, value in _entries(data, runs=kind == "attribute"):
        what = known.get(number, "")
        if what == "operator" and isinstance(value, memoryview):
            operator = bytes(value).decode("utf-8", "replace")
        elif what == "domain" and isinstance(value, memoryview):
            domain = bytes(value).decode("utf-8", "replace")
            if domain not in {*DOMAINS, MICROSOFT} and kind != "function":
                yield f"operators of the unknown domain {domain!r}"
        elif what == "external" or (what == "location" and value == 1):
            yield "data outside the model file"
        elif what in _FIELDS and isinstance(value, memoryview):
            yield from _walk(value, what, depth + 1)
    if kind == "node" and domain == MICROSOFT and operator not in _OPERATORS:
        yield f"the operator {operator!r} of the domain {domain!r}"


def _entries(data: memoryview, *, runs: bool) -> Iterator[tuple[int, int | memoryview]]:
    place, end = 0, len(data)
    while place < end:
        if runs and data[place] in (0x3D, 0x40) and (run := _RUNS.match(data, place)):
            place = run.end()
            continue
        tag, place = _varint(data, place)
        value: int | memoryview = 0
        match tag & 7:
            case 0:
                value, place = _varint(data, place)
            case 1:
                place += 8
            case 2:
                size, place = _varint(data, place)
                value, place = data[place : place + size], place + size
            case 5:
                place += 4
            case wire:
                raise ValueError(f"wire type {wire}")
        if place > end:
            raise ValueError("cut off")
        yield tag >> 3, value


def _varint(data: memoryview, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
        shift += 7
        if shift > 63:
            raise ValueError("a number too long")
