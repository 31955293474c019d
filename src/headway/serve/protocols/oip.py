"""The Open Inference Protocol v2 over REST: bodies of requests and answers, in JSON or with binary tensors after it.

The binary extension is Triton's: docs/protocol/extension_binary_data.md of triton-inference-server/server.
"""

import re
from collections.abc import Collection, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from headway.evidence.bundle import Manifest
from headway.serve.batching.answers import Answers
from headway.serve.batching.rows import Layout, Rows
from headway.serve.fault import Fault
from headway.serve.protocols import tensors
from headway.serve.protocols.inputs import Input, read
from headway.serve.protocols.outputs import Output, outputs_of, wanted

__all__ = ["Asked", "Framed", "encode", "parse"]

_AT_INPUT = re.compile(r"\$\.inputs\[(\d+)\]")
_SIZE, _ALL, _ONE = "binary_data_size", "binary_data_output", "binary_data"


class _Wanted(Struct, gc=False):
    name: str
    parameters: dict[str, Any] | None = None


class _Request(Struct):
    inputs: list[Input]
    outputs: list[_Wanted] = []
    id: str | None = None
    parameters: dict[str, Any] | None = None


class _Name(Struct):
    name: str = ""


class _Names(Struct):
    inputs: list[_Name] = []


class _Response(Struct, omit_defaults=True, gc=False):
    model_name: str
    model_version: str
    outputs: list[Output]
    id: str | None = None
    parameters: dict[str, Any] | None = None


class Asked(Struct, gc=False):
    """A request understood: its rows, what is sent back, and the columns that the model does not take.

    `binary` are those of the `outputs` that are answered as bytes.
    """

    rows: Rows
    outputs: Sequence[str]
    id: str | None
    parameters: dict[str, Any] | None
    ignored: Sequence[str] = ()
    binary: Collection[str] = ()


class Framed(Struct, gc=False):
    """A body of which the first `head` bytes are JSON, and the rest tensors."""

    body: bytes
    head: int


_decode = msgspec.json.Decoder(_Request).decode
_encode = msgspec.json.Encoder().encode


def parse(body: bytes, layout: Layout, outputs: Sequence[str], head: bytes = b"") -> Asked:
    """Read and check an inference request; Fault 400 says what is wrong, in which column and row.

    `head` is the header Inference-Header-Content-Length: how many bytes of the body are JSON, when tensors follow it.
    """
    size = _head_size(head, len(body)) if head else len(body)
    request = _read(memoryview(body)[:size] if head else body)
    if head:
        _attach(request.inputs, memoryview(body)[size:])
    names = wanted([(output.name, output.parameters) for output in request.outputs], outputs)
    rows, ignored = read(layout, request.inputs, raw=bool(head))
    asked = Asked(rows, names, request.id, request.parameters, ignored)
    if request.parameters or request.outputs:
        asked.binary = _binary(request, names)
        asked.parameters = {key: value for key, value in (request.parameters or {}).items() if key != _ALL} or None
    return asked


def encode(asked: Asked, manifest: Manifest, answers: Answers, start: int, stop: int) -> bytes | Framed:
    """The response for the rows from `start` to `stop` of a batch."""
    outputs, parts = outputs_of(asked.outputs, answers, start, stop, asked.binary), []
    for output in outputs:
        if output.name in asked.binary:
            parts.append(tensors.encode(output.datatype, output.data))
            output.data, output.parameters = None, {_SIZE: len(parts[-1])}
    head = _encode(_Response(manifest.model, manifest.version, outputs, asked.id, asked.parameters))
    return Framed(b"".join((head, *parts)), len(head)) if parts else head


def _read(body: bytes | memoryview) -> _Request:
    try:
        return _decode(body)
    except msgspec.ValidationError as error:
        raise Fault(400, _located(str(error), body)) from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise Fault(400, f"the body is not JSON: {error}") from None


def _head_size(head: bytes, size: int) -> int:
    if not head.isdigit() or len(head) > 15:
        raise Fault(400, "Inference-Header-Content-Length is no number of bytes")
    if int(head) > size:
        raise Fault(400, f"Inference-Header-Content-Length is {int(head)}, and the body has {size} bytes")
    return int(head)


def _attach(inputs: Sequence[Input], raw: memoryview) -> None:
    """Give each input the bytes that follow the JSON for it, in the order of the inputs."""
    place = 0
    for item in inputs:
        size = item.parameters.get(_SIZE) if item.parameters else None
        if size is None:
            continue
        told = f"input {item.name[:60]!r}"
        if item.data is not None:
            raise Fault(400, f"{told}: it has both data and {_SIZE}")
        if type(size) is not int or not 0 <= size <= len(raw) - place:
            left = len(raw) - place
            raise Fault(400, f"{told}: {_SIZE} is {size!r:.40}, and {left} bytes of the body are left")
        item.data, place = raw[place : place + size], place + size
    if place != len(raw):
        raise Fault(400, f"{len(raw) - place} bytes follow the last input's")


def _binary(request: _Request, names: Sequence[str]) -> Collection[str]:
    """The outputs that are wanted as bytes: as each says, or else as the request does."""
    everything = _flag(request.parameters, _ALL, default=False)
    if not request.outputs:
        return names if everything else ()
    return [output.name for output in request.outputs if _flag(output.parameters, _ONE, default=everything)]


def _flag(parameters: dict[str, Any] | None, name: str, *, default: bool) -> bool:
    value = (parameters or {}).get(name, default)
    if not isinstance(value, bool):
        raise Fault(400, f"parameter {name} is true or false")
    return value


def _located(message: str, body: bytes | memoryview) -> str:
    """A decoder's message with the column's name in place of its number."""
    unknown = f"the body is no inference request: {message}"
    place = _AT_INPUT.search(message)
    if place is None:
        return unknown
    try:
        named = msgspec.json.decode(body, type=_Names).inputs
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return unknown
    at = int(place[1])
    return f"column {named[at].name!r}: {message}" if at < len(named) and named[at].name else unknown
