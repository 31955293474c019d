"""Inputs of an inference request become checked rows, in whichever way they were carried.

They are columns by name (each [n] or [n, 1]), or one two-dimensional tensor in the signature's order.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from msgspec import Struct
from numpy.typing import NDArray

from headway.evidence.bundle import Column
from headway.serve.batching.arrays import take_arrays, take_matrix
from headway.serve.batching.rows import Layout, Rows, absent, strange, take, take_flat
from headway.serve.fault import Fault
from headway.serve.protocols.tensors import DATATYPES, INTEGERS, decode

__all__ = ["ACCEPTED", "Input", "listed", "read"]

Values = list[Any] | NDArray[Any]

# What can be meant for a column, and the bounds of integers: a list's values must be what their datatype says.
_NUMBERS: Mapping[str, tuple[int, int] | None] = {"FP64": None, "FP32": None, "FP16": None, **INTEGERS}
ACCEPTED: Mapping[str, Mapping[str, tuple[int, int] | None]] = {
    "float64": _NUMBERS,
    "int64": _NUMBERS,
    "bool": {"BOOL": None, **_NUMBERS},
    "string": {"BYTES": None},
}
_KNOWN = frozenset(DATATYPES)
_LONGEST = 60


class Input(Struct, gc=False):
    """A tensor as it was sent: `data` is a list, flat or nested, or the raw bytes that `tensors.decode` reads."""

    name: str
    shape: list[int]
    datatype: str
    data: Any = None
    parameters: dict[str, Any] | None = None


def read(layout: Layout, inputs: Sequence[Input], *, raw: bool) -> tuple[Rows, Sequence[str]]:
    """The rows, and the names of inputs that the model does not take; Fault 400 says what is wrong and where.

    `raw` says whether any input may hold bytes.
    """
    if not inputs:
        raise Fault(400, f"there are no inputs; expected {listed(layout.index)}")
    if len(inputs) == 1 and len(inputs[0].shape) == 2 and inputs[0].name not in layout.index:
        return _matrix(layout, inputs[0]), ()
    columns, count, ignored = _columns(layout, inputs)
    if raw:
        return take_arrays(layout, columns, count), ignored
    return take(layout, cast("list[list[Any]]", columns)), ignored  # arrays come from bytes alone


def listed(names: Iterable[str]) -> str:
    """Names in a message, the first 20 of them."""
    shown = list(names)
    return ", ".join(shown[:20]) + (f" and {len(shown) - 20} more" if len(shown) > 20 else "")


def _columns(layout: Layout, inputs: Sequence[Input]) -> tuple[list[Values], int, Sequence[str]]:
    """Columns in the signature's order, and how many rows they have.

    Unknown ones are ignored: while a version takes over, the same client is answered by two that differ in columns.
    """
    given: list[Values | None] = [None] * len(layout.columns)
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
    columns = [_given(values, col, count, ignored) for values, col in zip(given, layout.columns, strict=True)]
    return columns, count, ignored


def _given(values: Values | None, column: Column, count: int, ignored: Sequence[str]) -> Values:
    if values is not None:
        return values
    if not column.nullable:
        raise absent(column, ignored)
    return [None] * count


def _values(column: Column, item: Input) -> Values:
    """One column's values, its shape and datatype checked."""
    name, shape, values = item.name, item.shape, item.data
    accepted = ACCEPTED[column.type]
    if item.datatype not in accepted:
        _check_nulls(column, item)
    elif bounds := accepted[item.datatype]:
        _check_integers(f"column {name!r}", item, bounds)
    if type(values) is list and len(shape) == 1 and shape[0] == len(values) > 0:
        return values
    if not (len(shape) == 1 or (len(shape) == 2 and shape[1] == 1)):
        raise Fault(400, f"column {name!r}: shape {_shaped(shape)}, expected [n] or [n, 1]")
    if shape[0] < 1:
        raise Fault(400, f"column {name!r}: shape {_shaped(shape)} holds no rows")
    if not isinstance(values, list):
        return decode(name, item.datatype, shape[0], _raw(item))
    if len(shape) == 2:
        values = _flat(item, 1)
    if len(values) != shape[0]:
        raise Fault(400, f"column {name!r}: shape {_shaped(shape)} and {len(values)} values")
    return values


def _check_nulls(column: Column, item: Input) -> None:
    """A client that has only nulls cannot know the type, so any will do; else the datatype is wrong."""
    told = f"column {column.name!r}"
    if item.datatype not in _KNOWN:
        raise _unknown(told, item)
    if not isinstance(item.data, list) or any(value is not None for value in item.data):
        raise Fault(400, f"{told} is {column.type}: {_expected(column, item)}")


def _expected(column: Column, item: Input) -> str:
    return f"datatype {item.datatype}, expected {', '.join(ACCEPTED[column.type])}"


def _unknown(told: str, item: Input) -> Fault:
    return Fault(400, f"{told}: datatype {item.datatype[:_LONGEST]!r} is unknown; there is {listed(DATATYPES)}")


def _check_integers(told: str, item: Input, bounds: tuple[int, int]) -> None:
    """A list that says it holds integers holds them, within the bounds of its datatype; bytes cannot do otherwise."""
    if not isinstance(item.data, list):
        return
    low, high = bounds
    width = item.shape[1] if len(item.shape) == 2 else 1
    for place, value in enumerate(_flat(item, width)):
        if type(value) in {int, float} and not (low <= value <= high and value % 1 == 0):
            raise Fault(400, f"{told}: a value that is no {item.datatype}, in row {place // max(width, 1)}")


def _matrix(layout: Layout, item: Input) -> Rows:
    """A matrix's rows, its shape and datatype checked."""
    count, width = item.shape
    if width != len(layout.columns):
        wanted = f"expected [n, {len(layout.columns)}]: {listed(layout.index)}"
        raise Fault(400, f"{_told(item)}: shape {_shaped(item.shape)}, {wanted}")
    if count < 1:
        raise Fault(400, f"{_told(item)}: shape {_shaped(item.shape)} holds no rows")
    if item.datatype not in _KNOWN:
        raise _unknown(_told(item), item)
    if not isinstance(item.data, list):
        return _raw_matrix(layout, item, count, width)
    if item.datatype in INTEGERS:
        _check_integers(_told(item), item, INTEGERS[item.datatype])
    values = _flat(item, width)
    if len(values) != count * width:
        raise Fault(400, f"{_told(item)}: shape {_shaped(item.shape)} and {len(values)} values")
    return take_flat(layout, values, count)


def _raw_matrix(layout: Layout, item: Input, count: int, width: int) -> Rows:
    values = decode(item.name[:_LONGEST], item.datatype, count * width, _raw(item))
    if isinstance(values, list):
        return take_flat(layout, values, count)
    for column in layout.columns:
        if item.datatype not in ACCEPTED[column.type]:
            raise Fault(400, f"column {column.name!r} is {column.type}: {_expected(column, item)}")
    return take_matrix(layout, values, count)


def _raw(item: Input) -> bytes | memoryview:
    """The bytes of an input; a Fault says why there are none."""
    if isinstance(item.data, bytes | memoryview):
        return item.data
    told = _told(item)
    if item.parameters and "shared_memory_region" in item.parameters:
        raise Fault(400, f"{told}: shared memory is not spoken here; send the data")
    if item.data is not None:
        raise Fault(400, f"{told}: data is no list")
    raise Fault(400, f"{told}: there is no data")


def _flat(item: Input, width: int) -> list[Any]:
    """The values in one list, whether they were sent flat or row by row."""
    data: list[Any] = item.data
    if not data or type(data[0]) is not list:
        return data
    flat: list[Any] = []
    for at, row in enumerate(data):
        if type(row) is not list or len(row) != width:
            raise Fault(400, f"{_told(item)}: its rows are not all of {width} values, row {at} is not")
        flat += row
    return flat


def _told(item: Input) -> str:
    """How a message calls an input that is no column."""
    return f"input {item.name[:_LONGEST]!r}"


def _shaped(shape: Sequence[int]) -> str:
    """A shape in a message, however long and large it is."""
    return f"[{', '.join(f'{size}'[:20] for size in shape[:8])}{', …' if len(shape) > 8 else ''}]"
