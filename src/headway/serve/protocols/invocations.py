"""MLflow's `/invocations`: dataframe_split, dataframe_records, instances, inputs, or text/csv."""

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from headway.evidence.bundle import Column, is_label
from headway.serve.batching.answers import Answers
from headway.serve.batching.rows import Layout, Rows, absent, strange, take
from headway.serve.fault import Fault
from headway.serve.protocols.media import media

__all__ = ["Read", "cell", "encode", "parse", "refusal"]

_FORMS = ("dataframe_split", "dataframe_records", "instances", "inputs")
_MISSING = frozenset({"", "NaN", "nan", "NA", "null", "None"})
_BOOLS: Mapping[str, bool] = {"true": True, "True": True, "1": True, "false": False, "False": False, "0": False}

_AT_ROW = re.compile(r"\$(?:\.data)?\[(\d+)\]")

# By status, as in MLflow's own errors.
_CODES: Mapping[int, str] = {500: "INTERNAL_ERROR", 503: "TEMPORARILY_UNAVAILABLE"}


class Read(Struct, gc=False):
    """A body understood: its rows, and the columns that the model does not take, as MLflow drops them too."""

    rows: Rows
    ignored: Sequence[str] = ()


class _Split(Struct):
    columns: list[str]
    data: list[list[Any]]
    index: list[Any] | None = None


class _Response(Struct, omit_defaults=True):
    predictions: list[Any]
    probabilities: list[Any] | None = None


def parse(body: bytes, layout: Layout, kind: bytes = b"") -> Read:
    """Read and check a body of a content type; Fault 400 says what is wrong, in which column and row, 415 which types.

    What else a JSON object holds is not looked at, `params` included: no model here takes any.
    """
    if media(kind, (b"application/json", b"text/csv")) == b"text/csv":
        return _csv(body, layout)
    request = _json(body)
    forms = [form for form in _FORMS if isinstance(request, dict) and form in request]
    if len(forms) != 1:
        raise Fault(400, f"expected an object with one of {', '.join(_FORMS)}")
    value = request[forms[0]]
    try:
        match forms[0]:
            case "dataframe_split":
                split = msgspec.convert(value, _Split)
                return _table(layout, split.columns, split.data)
            case "dataframe_records":
                return _records(layout, msgspec.convert(value, list[dict[str, Any]]))
            case _:
                return _tensor(layout, value)
    except msgspec.ValidationError as error:
        text, at = str(error), _AT_ROW.search(str(error))
        said = text.partition(" - at")[0] if at else text
        raise Fault(400, f"{forms[0]}: {said}", row=int(at[1]) if at else None) from None


def refusal(fault: Fault) -> dict[str, str]:
    """An error as MLflow's server tells it."""
    return {"error_code": _CODES.get(fault.status, "BAD_REQUEST"), "message": fault.message}


def _json(body: bytes) -> Any:  # noqa: ANN401 - the border: any JSON
    """MLflow's client writes a missing number as NaN, which is no JSON; the slower decoder that knows it comes second.

    It knows infinity too, which no column holds: the answer then names where it stands.
    """
    try:
        try:
            return msgspec.json.decode(body)
        except msgspec.DecodeError:
            if b"NaN" not in body and b"Infinity" not in body:
                raise
            return json.loads(body.decode())
    except (ValueError, RecursionError) as error:
        raise Fault(400, f"the body is not JSON: {error}") from None


def _csv(body: bytes, layout: Layout) -> Read:
    """A CSV body with a header line."""
    try:
        lines = csv.reader(io.StringIO(body.decode(), newline=""), strict=True)
        header = next(lines, None)
        rows = [line for line in lines if line]
    except (UnicodeDecodeError, csv.Error) as error:
        raise Fault(400, f"the body is not CSV: {error}") from None
    if header is None:
        raise Fault(400, "the body is empty; expected CSV with a header line")
    kinds = [layout.columns[layout.index[name]] if name in layout.index else None for name in header]
    return _table(layout, header, [[cell(kind, text) for kind, text in zip(kinds, row, strict=False)] for row in rows])


def cell(column: Column | None, text: str) -> Any:  # noqa: ANN401 - what a text holds is decided here
    """The value of a CSV cell; a text that does not fit its column is kept, and refused with the column's name."""
    if column is None:
        return text
    if column.type == "string":
        return text or None
    if text.strip() in _MISSING:
        return None
    if column.type == "bool":
        return _BOOLS.get(text.strip(), text)
    try:
        return int(text) if column.type == "int64" and text.strip().lstrip("-").isdecimal() else float(text)
    except ValueError:
        return text


def encode(answers: Answers, start: int, stop: int) -> bytes:
    """`predictions` are labels or numbers, as the model's own `predict` gives them; probabilities come beside.

    Of several labels a row has a list, and so it has of their probabilities.
    """
    labels = [name for name in answers.values if is_label(name)]
    others = [name for name in answers.values if not is_label(name)]
    if not labels:
        labels, others = others, []
    return msgspec.json.encode(_Response(_beside(answers, labels, start, stop), _beside(answers, others, start, stop)))


def _beside(answers: Answers, names: Sequence[str], start: int, stop: int) -> Any:  # noqa: ANN401 - rows, or nothing
    """What these outputs hold, row by row."""
    parts = [_rows(answers, name, start, stop) for name in names]
    return parts[0] if len(parts) == 1 else list(zip(*parts, strict=True)) or None


def _rows(answers: Answers, name: str, start: int, stop: int) -> list[Any]:
    """A value a row, or a list of values where an output has several."""
    flat, width = answers.part(name, start, stop), answers.width[name]
    return flat if width == 1 else [flat[i : i + width] for i in range(0, len(flat), width)]


def _table(layout: Layout, names: Sequence[str], data: Sequence[Sequence[Any]]) -> Read:
    for at, row in enumerate(data):
        if len(row) != len(names):
            raise Fault(400, f"row {at} has {len(row)} values and there are {len(names)} columns")
    if len(set(names)) < len(names):
        raise Fault(400, "a column is given twice")
    known, ignored = _parted(layout, names)
    columns = {name: [row[at] for row in data] for at, name in enumerate(names) if name in known}
    return _named(layout, columns, len(data), ignored)


def _records(layout: Layout, records: Sequence[Mapping[str, Any]]) -> Read:
    names: dict[str, None] = {}
    for record in records:
        names |= dict.fromkeys(record)
    known, ignored = _parted(layout, names)
    return _named(layout, {name: [record.get(name) for record in records] for name in known}, len(records), ignored)


def _tensor(layout: Layout, value: Any) -> Read:  # noqa: ANN401 - the border: any JSON
    """`instances` and `inputs`: columns by name, records, or rows in the signature's order."""
    if isinstance(value, dict):
        known, ignored = _parted(layout, value)
        columns = {name: _flat(value[name]) for name in known}
        return _named(layout, columns, max(map(len, columns.values()), default=int(bool(value))), ignored)
    rows = msgspec.convert(value, list[Any])
    if rows and all(isinstance(row, dict) for row in rows):
        return _records(layout, rows)
    return _table(layout, [column.name for column in layout.columns], msgspec.convert(rows, list[list[Any]]))


def _flat(value: Any) -> list[Any]:  # noqa: ANN401 - the border: any JSON
    values = value if isinstance(value, list) else [value]
    return [item[0] if isinstance(item, list) and len(item) == 1 else item for item in values]


def _parted(layout: Layout, names: Iterable[str]) -> tuple[Sequence[str], Sequence[str]]:
    """The columns that the model takes, and those that it does not: strangers cost nothing but their names."""
    known: list[str] = []
    ignored: list[str] = []
    for name in names:
        (known if name in layout.index else ignored).append(name)
    return known, ignored


def _named(layout: Layout, columns: Mapping[str, list[Any]], count: int, ignored: Sequence[str]) -> Read:
    if not count:
        raise Fault(400, "there are no rows")
    if ignored and not columns:
        raise strange(layout, ignored)
    for name, values in columns.items():
        if len(values) != count:
            raise Fault(400, f"column {name!r} has {len(values)} rows and another {count}")
    return Read(take(layout, list(_complete(layout, columns, count, ignored))), ignored)


def _complete(
    layout: Layout, columns: Mapping[str, list[Any]], count: int, ignored: Sequence[str]
) -> Iterable[list[Any]]:
    for column in layout.columns:
        if column.name not in columns and not column.nullable:
            raise absent(column, ignored)
        yield columns.get(column.name) or [None] * count
