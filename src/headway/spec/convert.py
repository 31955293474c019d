"""Turns nodes into records field by field, so that every fault of a document is found with its place at once.

It knows shapes, not kinds; a shape becomes a reading function once and is used for every document.  A record that was
read with findings is as good as it can be, and not to be used.
"""

import difflib
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from math import isfinite
from typing import Any

from msgspec import Struct

from headway.spec.finding import Finding
from headway.spec.form import takes
from headway.spec.quantity import NAMES, QUANTITIES, bare, suggestion
from headway.spec.shape import Choice, Either, Fixed, Many, Measure, Plain, Record, Shape, Table, fields_of
from headway.spec.yaml import Node, excerpt

__all__ = ["BAD", "MOST_WHOLE", "nearest", "record_reader"]

# What a reader answers when it added a finding.
BAD = object()

Reader = Callable[[Node, list[Finding]], Any]

# Records are written as JSON, whose readers keep 64 bits of a whole number.
MOST_WHOLE = 2**63 - 1


def nearest(name: str, known: Iterable[str]) -> str:
    """A question after the nearest known name, with a space before it; empty when none is near.

    >>> nearest("replica", ["replicas", "scale"]), nearest("acc", ["auc", "accuracy"])
    (" Did you mean 'replicas'?", " Did you mean 'accuracy'?")
    """
    names = list(known)
    begun = [each for each in names if len(name) > 2 and each.startswith(name)]
    near = begun or difflib.get_close_matches(name[:60], names, n=1)
    return f" Did you mean '{near[0]}'?" if near else ""


@cache
def record_reader(kind: type[Struct], path: str, skip: str = "") -> Reader:
    """Reads a mapping into a record; `path` is what `headway explain` calls it, `skip` a key that is read elsewhere.

    The record is BAD when a field without a default is.
    """
    fields = fields_of(kind)
    readers = {name: _reader(field.shape, f"{path}.{name}") for name, field in fields.items()}
    required = [name for name, field in fields.items() if field.required]

    def read(node: Node, findings: list[Finding]) -> Any:  # noqa: ANN401 - a record, or BAD
        if node.kind != "mapping":
            return _wrong(node, findings, path, Record(kind=kind))
        values = {}
        for name, (key, value) in node.fields.items():
            reader = readers.get(name)
            if reader is not None:
                values[name] = reader(value, findings)
            elif name != skip:
                why = f"{path} has no field '{excerpt(name)}'.{nearest(name, fields)}"
                _fault(findings, key, "E012", f"unknown field '{excerpt(name)}'", why, path=path)
        for name in required:
            if name not in node.fields:
                why = f"{path} needs it, and there is no default that would suit everybody."
                _fault(findings, node, "E013", f"'{name}' is missing", why, path=f"{path}.{name}")
        # A field that is wrong is left at its default: the rest can still be judged, and is told at the same time.
        good = {name: value for name, value in values.items() if value is not BAD}
        return kind(**good) if all(name in good for name in required) else BAD

    return read


def _reader(shape: Shape, path: str) -> Reader:  # noqa: PLR0911 - one line a shape
    match shape:
        case Record():
            return record_reader(shape.kind, path)
        case Measure():
            return _measure(shape, path)
        case Choice():
            return _choice(shape, path)
        case Many():
            return _many(shape, path)
        case Fixed():
            return _fixed(shape, path)
        case Table():
            return _table(shape, path)
        case Either():
            return _either(shape, path)
        case Plain():
            return _plain(shape, path)


def _text(node: Node) -> Any:  # noqa: ANN401 - a text, or BAD
    return BAD if node.value is None else node.text


def _number(node: Node) -> Any:  # noqa: ANN401 - a number, or BAD
    return float(node.value) if type(node.value) in {int, float} and isfinite(node.value) else BAD


def _whole(node: Node) -> Any:  # noqa: ANN401 - a whole number, or BAD
    return node.value if type(node.value) is int and abs(node.value) <= MOST_WHOLE else BAD


def _boolean(node: Node) -> Any:  # noqa: ANN401 - true, false, or BAD
    return node.value if type(node.value) is bool else BAD


def _nothing(node: Node) -> Any:  # noqa: ANN401 - None, or BAD
    return None if node.value is None else BAD


_PLAIN: Mapping[str, Callable[[Node], Any]] = {
    "text": _text,
    "number": _number,
    "whole": _whole,
    "boolean": _boolean,
    "nothing": _nothing,
}


def _plain(shape: Plain, path: str) -> Reader:
    accept = _PLAIN[shape.kind]

    def read(node: Node, findings: list[Finding]) -> Any:  # noqa: ANN401 - a scalar, or BAD
        value = accept(node) if node.kind == "scalar" else BAD
        return _wrong(node, findings, path, shape) if value is BAD else value

    return read


def _measure(shape: Measure, path: str) -> Reader:
    name = shape.name
    parse = QUANTITIES[name]

    def read(node: Node, findings: list[Finding]) -> Any:  # noqa: ANN401 - a number, or BAD
        if node.kind != "scalar":
            return _wrong(node, findings, path, shape)
        try:
            value = bare(name, node.value) if type(node.value) in {int, float} else parse(node.text)
        except ValueError:
            value = None
        if value is not None and value <= MOST_WHOLE:
            return value
        why = f"It takes {NAMES[name]}, not '{excerpt(node.text)}'."
        do = suggestion(name, node.value)
        what = f"'{_last(path)}' is no quantity of its kind"
        return _fault(findings, node, "E015", what, why, path=path, do=do and f"Write {do}.")

    return read


def _choice(shape: Choice, path: str) -> Reader:
    known = frozenset(shape.values)

    def read(node: Node, findings: list[Finding]) -> Any:  # noqa: ANN401 - a text, or BAD
        if node.kind == "scalar" and node.text in known:
            return node.text
        if node.kind != "scalar":
            return _wrong(node, findings, path, shape)
        why = f"It takes {takes(shape)}, not '{excerpt(node.text)}'.{nearest(node.text, shape.values)}"
        return _fault(findings, node, "E014", f"'{_last(path)}' is none of its values", why, path=path)

    return read


def _many(shape: Many, path: str) -> Reader:
    each = _reader(shape.of, path)

    def read(node: Node, findings: list[Finding]) -> Any:  # noqa: ANN401 - a tuple, or BAD
        if node.kind != "list":
            return _wrong(node, findings, path, shape)
        found = tuple(each(item, findings) for item in node.items)
        return BAD if BAD in found else found

    return read


def _fixed(shape: Fixed, path: str) -> Reader:
    each = [_reader(one, path) for one in shape.of]

    def read(node: Node, findings: list[Finding]) -> Any:  # noqa: ANN401 - a tuple, or BAD
        if node.kind != "list" or len(node.items) != len(each):
            return _wrong(node, findings, path, shape)
        found = tuple(reader(item, findings) for reader, item in zip(each, node.items, strict=True))
        return BAD if BAD in found else found

    return read


def _table(shape: Table, path: str) -> Reader:
    each = _reader(shape.of, path)

    def read(node: Node, findings: list[Finding]) -> Any:  # noqa: ANN401 - a dictionary, or BAD
        if node.kind != "mapping":
            return _wrong(node, findings, path, shape)
        found = {name: each(value, findings) for name, (_, value) in node.fields.items()}
        return BAD if BAD in found.values() else found

    return read


def _either(shape: Either, path: str) -> Reader:
    records = [each for each in shape.of if isinstance(each, Record)]
    others = [_reader(each, path) for each in shape.of if not isinstance(each, Record)]
    alone = not records and sum(each != Plain(kind="nothing") for each in shape.of) == 1
    # The first field of a record of a union tells it from the others: metric, latency, signature, errors.
    keyed: Mapping[str, Reader] = {next(iter(fields_of(each.kind))): record_reader(each.kind, path) for each in records}

    def read(node: Node, findings: list[Finding]) -> Any:  # noqa: ANN401 - one of several, or BAD
        if node.kind == "mapping" and len(records) == 1:
            return next(iter(keyed.values()))(node, findings)
        if node.kind == "mapping" and records:
            chosen = [key for key in keyed if key in node.fields]
            if len(chosen) == 1:
                return keyed[chosen[0]](node, findings)
            has = f"and this has {' and '.join(chosen)}" if chosen else "and this has none of them"
            near = "" if chosen else nearest(next(iter(node.fields), ""), keyed)
            why = f"An entry has exactly one of the keys {', '.join(keyed)}, {has}.{near}"
            return _fault(findings, node, "E016", "no known kind of entry", why, path=path)
        mine: list[Finding] = []
        for reader in others:
            mine = []
            found = reader(node, mine)
            if not mine:
                return found
        if alone:
            # One form but nothing: its own fault says more than that none of the forms fits.
            findings += mine
            return BAD
        return _wrong(node, findings, path, shape)

    return read


def _wrong(node: Node, findings: list[Finding], path: str, shape: Shape) -> object:
    if node.kind == "alias":
        return BAD  # told already, when the file was read
    why = f"It takes {takes(shape)}, and here is {_title(node)}."
    return _fault(findings, node, "E011", f"wrong type for '{_last(path)}'", why, path=path)


def _title(node: Node) -> str:
    if node.kind != "scalar":
        return f"a {node.kind}"
    if node.value is None:
        return "nothing"
    title = "a text" if isinstance(node.value, str) else "the value"
    return f"{title} '{excerpt(node.text)}'"


def _last(path: str) -> str:
    return path.rpartition(".")[2]


def _fault(  # noqa: PLR0913 - the parts of a finding
    findings: list[Finding], node: Node, code: str, what: str, why: str, *, path: str, do: str = ""
) -> object:
    do = do or f"`headway explain {path}` shows what it takes."
    findings.append(Finding(code=code, what=what, why=why, do=do, place=node.place))
    return BAD
