"""The Open Inference Protocol v2 over REST: a request becomes checked rows, answers become outputs.

Inputs are columns by name (each [n] or [n, 1]), or one two-dimensional tensor in the signature's order.
"""

import re
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from headway.evidence.bundle import Column, Manifest
from headway.serve.batching.answers import Answers
from headway.serve.batching.rows import Layout, Rows, absent, strange, take, take_flat
from headway.serve.fault import Fault

__all__ = ["Asked", "encode", "metadata", "parse"]

_ACCEPTED = {
    "float64": ("FP64", "FP32", "INT64", "INT32"),
    "int64": ("INT64", "INT32", "FP64", "FP32"),
    "bool": ("BOOL",),
    "string": ("BYTES",),
}
_DATATYPE = {"float64": "FP64", "int64": "INT64", "bool": "BOOL", "string": "BYTES"}
_KNOWN = {name for names in _ACCEPTED.values() for name in names}
_AT_INPUT = re.compile(r"\$\.inputs\[(\d+)\]")


class _Input(Struct, gc=False):
    name: str
    shape: list[int]
    datatype: str
    data: list[Any]


class _Wanted(Struct, gc=False):
    name: str


class _Request(Struct):
    inputs: list[_Input]
    outputs: list[_Wanted] = []
    id: str | None = None
    parameters: dict[str, Any] | None = None


class _Name(Struct):
    name: str = ""


class _Names(Struct):
    inputs: list[_Name] = []


class _Output(Struct, gc=False):
    name: str
    shape: list[int]
    datatype: str
    data: list[Any]


class _Response(Struct, omit_defaults=True, gc=False):
    model_name: str
    model_version: str
    outputs: list[_Output]
    id: str | None = None
    parameters: dict[str, Any] | None = None


class Asked(Struct, gc=False):
    """A request understood: its rows, which outputs it wants, what is sent back, and the columns it was not asked."""

    rows: Rows
    outputs: Sequence[str]
    id: str | None
    parameters: dict[str, Any] | None
    ignored: Sequence[str] = ()


_decode = msgspec.json.Decoder(_Request).decode
_encode = msgspec.json.Encoder().encode


def parse(body: bytes, layout: Layout, outputs: Sequence[str]) -> Asked:
    """Read and check an inference request; Fault 400 says what is wrong and in which column."""
    try:
        request = _decode(body)
    except msgspec.ValidationError as error:
        raise Fault(400, _located(str(error), body)) from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise Fault(400, f"the body is not JSON: {error}") from None
    wanted = outputs
    if request.outputs:
        wanted = [output.name for output in request.outputs]
        for name in wanted:
            if name not in outputs:
                raise Fault(400, f"output {name!r} is unknown; there is {_listed(outputs)}")
        if len(set(wanted)) < len(wanted):
            raise Fault(400, "an output is asked for twice")
    rows, ignored = _rows(layout, request.inputs)
    return Asked(rows, wanted, request.id, request.parameters, ignored)


def encode(asked: Asked, manifest: Manifest, answers: Answers, start: int, stop: int) -> bytes:
    """The response for the rows from `start` to `stop` of a batch."""
    count, outputs = stop - start, []
    for name in asked.outputs:
        width, data = answers.width[name], answers.part(name, start, stop)
        shape = [count, width] if name == "probabilities" else [count]
        outputs.append(_Output(name, shape, _datatype(data[0]), data))
    return _encode(_Response(manifest.model, manifest.version, outputs, asked.id, asked.parameters))


def metadata(manifest: Manifest, platform: str) -> dict[str, Any]:
    """What the model takes and answers, from its signature."""
    return {
        "name": manifest.model,
        "versions": [manifest.version],
        "platform": platform,
        "inputs": [{"name": c.name, "datatype": _DATATYPE[c.type], "shape": [-1]} for c in manifest.signature.inputs],
        "outputs": [_told(column, manifest) for column in manifest.signature.outputs],
    }


def _told(column: Column, manifest: Manifest) -> dict[str, Any]:
    if column.name == "probabilities":
        return {"name": column.name, "datatype": "FP64", "shape": [-1, len(manifest.classes)]}
    datatype = _DATATYPE[column.type]
    if column.name == "label" and manifest.classes:
        datatype = _datatype(manifest.classes[0])
    return {"name": column.name, "datatype": datatype, "shape": [-1]}


def _datatype(value: object) -> str:
    match value:
        case bool():
            return "BOOL"
        case float():
            return "FP64"
        case int():
            return "INT64"
        case _:
            return "BYTES"


def _rows(layout: Layout, inputs: list[_Input]) -> tuple[Rows, Sequence[str]]:
    """The rows, and the names of columns that the model does not take."""
    if not inputs:
        raise Fault(400, f"there are no inputs; expected {_listed(layout.index)}")
    if len(inputs) == 1 and len(inputs[0].shape) == 2 and inputs[0].name not in layout.index:
        return take_flat(layout, _tensor(layout, inputs[0]), inputs[0].shape[0]), ()
    columns, ignored = _columns(layout, inputs)
    return take(layout, columns), ignored


def _columns(layout: Layout, inputs: list[_Input]) -> tuple[list[list[Any]], Sequence[str]]:
    """Columns in the signature's order.

    Unknown ones are ignored: while a version takes over, the same client is answered by two that differ in columns.
    """
    given: list[list[Any] | None] = [None] * len(layout.columns)
    ignored: list[str] = []
    count = -1
    for item in inputs:
        position = layout.index.get(item.name)
        if position is None:
            ignored.append(item.name)
            continue
        if given[position] is not None:
            raise Fault(400, f"column {item.name!r} is given twice")
        values = _values(layout.columns[position], item)
        if count >= 0 and len(values) != count:
            raise Fault(400, f"column {item.name!r} has {len(values)} rows and those before it {count}")
        given[position], count = values, len(values)
    if count < 0:
        raise strange(layout, ignored)
    return [_given(values, col, count, ignored) for values, col in zip(given, layout.columns, strict=True)], ignored


def _given(values: list[Any] | None, column: Column, count: int, ignored: Sequence[str]) -> list[Any]:
    if values is not None:
        return values
    if not column.nullable:
        raise absent(column, ignored)
    return [None] * count


def _values(column: Column, item: _Input) -> list[Any]:
    """One column's values, its shape and datatype checked."""
    name, shape, values = item.name, item.shape, item.data
    if item.datatype not in _ACCEPTED[column.type]:
        _check_datatype(column, item)
    if len(shape) == 1 and shape[0] == len(values) > 0:
        return values
    if len(shape) == 2 and shape[1] == 1:
        values = _flat(item, 1)
    elif len(shape) != 1:
        raise Fault(400, f"column {name!r}: shape {shape}, expected [n] or [n, 1]")
    if shape[0] < 1:
        raise Fault(400, f"column {name!r}: shape {shape} holds no rows")
    if len(values) != shape[0]:
        raise Fault(400, f"column {name!r}: shape {shape} and {len(values)} values")
    return values


def _check_datatype(column: Column, item: _Input) -> None:
    if item.datatype not in _KNOWN:
        raise Fault(
            400, f"column {column.name!r}: datatype {item.datatype!r} is unknown; there is {_listed(sorted(_KNOWN))}"
        )
    # A client that has only nulls cannot know the type, so any will do.
    if any(value is not None for value in item.data):
        accepted = ", ".join(_ACCEPTED[column.type])
        raise Fault(400, f"column {column.name!r} is {column.type}: datatype {item.datatype}, expected {accepted}")


def _tensor(layout: Layout, item: _Input) -> list[Any]:
    """A matrix's values row by row, its shape and datatype checked."""
    count, width = item.shape
    if width != len(layout.columns):
        raise Fault(
            400,
            f"input {item.name!r}: shape {item.shape}, expected [n, {len(layout.columns)}]: {_listed(layout.index)}",
        )
    if count < 1:
        raise Fault(400, f"input {item.name!r}: shape {item.shape} holds no rows")
    if item.datatype not in _KNOWN:
        raise Fault(
            400, f"input {item.name!r}: datatype {item.datatype!r} is unknown; there is {_listed(sorted(_KNOWN))}"
        )
    values = _flat(item, width)
    if len(values) != count * width:
        raise Fault(400, f"input {item.name!r}: shape {item.shape} and {len(values)} values")
    return values


def _flat(item: _Input, width: int) -> list[Any]:
    """The values in one list, whether they were sent flat or row by row."""
    if not item.data or type(item.data[0]) is not list:
        return item.data
    flat: list[Any] = []
    for row in item.data:
        if type(row) is not list or len(row) != width:
            raise Fault(400, f"input {item.name!r}: its rows are not all of {width} values")
        flat += row
    return flat


def _located(message: str, body: bytes) -> str:
    """A decoder's message with the column's name in place of its number."""
    unknown = f"the body is no inference request: {message}"
    place = _AT_INPUT.search(message)
    if place is None:
        return unknown
    try:
        named = msgspec.json.decode(body, type=_Names).inputs
    except (msgspec.DecodeError, RecursionError):
        return unknown
    at = int(place[1])
    return f"column {named[at].name!r}: {message}" if at < len(named) and named[at].name else unknown


def _listed(names: Sequence[str] | dict[str, int]) -> str:
    shown = list(names)[:20]
    return ", ".join(shown) + (f" and {len(names) - 20} more" if len(names) > 20 else "")
