"""Reads YAML of unknown origin into nodes with positions: bounded depth, no aliases, no tags, no doubled keys."""

import re
from collections.abc import Iterator
from typing import Any

import yaml
from msgspec import Struct

from headway.spec.finding import Finding, Place

__all__ = ["MOST_BYTES", "Node", "read_nodes"]

MOST_BYTES = 2**20
MOST_DEPTH = 64

Scalar = str | int | float | bool | None

# YAML 1.2 core schema (yaml.org/spec/1.2.2, 10.3.2): `yes` is a text, and 1.10 keeps its text beside its value.
_NULL = re.compile(r"|~|null|Null|NULL")
_TRUE = re.compile(r"true|True|TRUE")
_FALSE = re.compile(r"false|False|FALSE")
_INT = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")


class Node(Struct, frozen=True, kw_only=True):
    """A mapping (`fields`), a list (`items`) or a scalar (`value`, and its `text` as written), with its place."""

    place: Place
    kind: str
    fields: dict[str, tuple["Node", "Node"]] = {}
    items: tuple["Node", ...] = ()
    value: Any = None
    text: str = ""


class _FaultError(Exception):
    def __init__(self, code: str, what: str, why: str, place: Place) -> None:
        super().__init__(what)
        self.finding = Finding(
            code=code, what=what, why=why, do="Mend the file and run `headway check` again.", place=place
        )


def read_nodes(file: str, data: bytes) -> tuple[list[Node], list[Finding]]:
    """The documents of a file, or why it cannot be read."""
    top = Place(file=file)
    try:
        if len(data) > MOST_BYTES:
            raise _FaultError(  # noqa: TRY301 - every fault of a file leaves by one door
                "E002", "file too large", f"It has {len(data)} bytes; at most {MOST_BYTES} are read.", top
            )
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise _FaultError("E001", "not UTF-8", f"Byte {error.start} is no UTF-8.", top) from None
        try:
            return list(_documents(file, text)), []
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            place = Place(file=file, line=mark.line + 1, column=mark.column + 1) if mark else top
            why = getattr(error, "problem", None) or "It cannot be parsed."
            raise _FaultError("E003", "not YAML", str(why), place) from None
    except _FaultError as fault:
        return [], [fault.finding]


def _documents(file: str, text: str) -> Iterator[Node]:
    events = _guarded(file, text)
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent):
            node = _node(file, next(events), events)
            if node.kind != "scalar" or node.value is not None:
                yield node


def _guarded(file: str, text: str) -> Iterator[yaml.Event]:
    """Events, one by one; the parser is a flat machine, so depth costs nothing until nodes are made of it."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        place = _place(file, event)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _FaultError(
                "E004", "alias in YAML", "Anchors and aliases are not read: they can blow a file up.", place
            )
        if getattr(event, "tag", None):
            raise _FaultError(
                "E005",
                "tag in YAML",
                f"The tag {getattr(event, 'tag', None)} is not read: only plain values are.",
                place,
            )
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MOST_DEPTH:
                raise _FaultError("E006", "YAML nested too deep", f"More than {MOST_DEPTH} levels are not read.", place)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        yield event


def _node(file: str, event: yaml.Event, events: Iterator[yaml.Event]) -> Node:
    place = _place(file, event)
    if isinstance(event, yaml.MappingStartEvent):
        return Node(place=place, kind="mapping", fields=_fields(file, events))
    if isinstance(event, yaml.SequenceStartEvent):
        items: list[Node] = []
        while not isinstance(following := next(events), yaml.SequenceEndEvent):
            items.append(_node(file, following, events))
        return Node(place=place, kind="list", items=tuple(items))
    if not isinstance(event, yaml.ScalarEvent):
        raise _FaultError("E003", "not YAML", "A value was expected here.", place)
    text = str(event.value)
    plain = event.implicit[0] and not event.style
    return Node(place=place, kind="scalar", value=_scalar(text) if plain else text, text=text)


def _fields(file: str, events: Iterator[yaml.Event]) -> dict[str, tuple[Node, Node]]:
    fields: dict[str, tuple[Node, Node]] = {}
    while not isinstance(following := next(events), yaml.MappingEndEvent):
        key = _node(file, following, events)
        if key.kind != "scalar":
            raise _FaultError("E007", "key is no text", "A key must be a plain text.", key.place)
        if key.text in fields:
            first = fields[key.text][0].place
            raise _FaultError("E008", f"key '{key.text}' twice", f"It stands in line {first.line} already.", key.place)
        fields[key.text] = (key, _node(file, next(events), events))
    return fields


def _scalar(text: str) -> Scalar:
    if _NULL.fullmatch(text):
        return None
    if _TRUE.fullmatch(text) or _FALSE.fullmatch(text):
        return bool(_TRUE.fullmatch(text))
    if _INT.fullmatch(text) and len(text) < 20:
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


def _place(file: str, event: yaml.Event) -> Place:
    mark = event.start_mark
    return Place(file=file, line=mark.line + 1, column=mark.column + 1) if mark else Place(file=file)
