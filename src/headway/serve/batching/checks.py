"""What may stand in a column, value by value; each fault names the column, and the first wrong row counted from 0."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from headway.evidence.bundle import Column
from headway.serve.fault import Fault

__all__ = ["EXACT", "beyond", "check_numbers", "check_texts", "missing", "unfit"]

EXACT = 2**53  # beyond it a float64 no longer holds every integer

_FLOATS = {float, int}
_TEXTS = {str}
_WANTED: Mapping[str, str] = {
    "float64": "a number",
    "int64": "an integer",
    "bool": "a boolean",
    "string": "a string",
}


def check_numbers(column: Column, values: Sequence[Any], largest: float) -> list[float]:
    """One column's values as floats, NaN where missing; Fault 400 names the column and the first wrong row."""
    kinds = set(map(type, values))
    known = [value for value in values if value is not None and value == value]  # noqa: PLR0124 - only NaN differs from itself
    if len(known) < len(values) and not column.nullable:
        raise missing(column, _first(values, lambda value: value is None or value != value))  # noqa: PLR0124 - the same
    allowed = _FLOATS | ({bool} if column.type == "bool" else set())
    if not kinds <= allowed | {type(None)}:
        row = _first(values, lambda value: type(value) not in allowed and value is not None)
        raise unfit(column, _shown(values[row]), row)
    _in_range(column, values, known, largest)
    return [math.nan if value is None else float(value) for value in values]


def check_texts(column: Column, values: Sequence[Any]) -> list[str | None]:
    """One column's texts, None where missing; Fault 400 names the column and the first wrong row."""
    if set(map(type, values)) == _TEXTS:
        return values if isinstance(values, list) else list(values)
    for row, value in enumerate(values):
        if value is None or value != value:  # noqa: PLR0124 - only NaN differs from itself
            if not column.nullable:
                raise missing(column, row)
        elif type(value) is not str:
            raise unfit(column, _shown(value), row)
    return [value if type(value) is str else None for value in values]


def missing(column: Column, row: int) -> Fault:
    """Nothing is there, and something must be."""
    nothing = "null" if column.type == "string" else "null or NaN"
    return Fault(400, f"column {column.name!r}: {nothing}, and the column may not be missing", row=row)


def beyond(column: Column, value: float, largest: float, row: int) -> Fault:
    """A number too large to be kept as it is."""
    said = f"{_number(value)} is beyond what the model can hold ({largest:.6g})"
    return Fault(400, f"column {column.name!r}: {said}", row=row)


def unfit(column: Column, what: str, row: int) -> Fault:
    """A value of another kind than the column's."""
    return Fault(400, f"column {column.name!r}: {what} where {_WANTED[column.type]} is expected", row=row)


def _in_range(column: Column, values: Sequence[Any], known: list[Any], largest: float) -> None:
    if not known:
        return
    if column.type == "int64":
        largest = min(largest, EXACT)
    low, high = min(known), max(known)
    if not -largest <= low <= high <= largest:
        worst = low if low < -largest else high
        raise beyond(column, worst, largest, values.index(worst))
    if column.type == "bool" and not {0, 1}.issuperset(known):
        row = _first(values, lambda value: value is not None and value == value and value not in {0, 1})  # noqa: PLR0124 - only NaN differs from itself
        raise unfit(column, "a number other than 0 and 1", row)
    if column.type == "int64" and any(value % 1 for value in known):
        raise unfit(column, "a fraction", _first(values, lambda value: value is not None and value % 1 > 0))


def _first(values: Sequence[Any], wrong: Callable[[Any], bool]) -> int:
    return next(row for row, value in enumerate(values) if wrong(value))


def _number(value: float) -> str:
    if isinstance(value, int):
        return "an integer of more than 15 digits"
    return "infinity" if math.isinf(value) else f"{value:.6g}"


def _shown(value: object) -> str:
    match value:
        case bool():
            return f"the boolean {str(value).lower()}"
        case str():
            return f"the string {value[:40]!r}"
        case list():
            return "a list"
        case dict():
            return "an object"
        case _:
            return f"{value!r}"[:60]
