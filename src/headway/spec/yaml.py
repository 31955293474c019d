"""Reads YAML of unknown origin into nodes with positions: bounded depth, no aliases, no tags, no doubled keys.

It knows nothing of kinds and fields, and no node is made before its event was looked at.
"""

import re
from collections.abc import Iterator
from math import inf, nan
from typing import Any

import yaml
from msgspec import Struct

from headway.spec.finding import Finding, Place

__all__ = ["MOST_BYTES", "MOST_FAULTS", "Node", "Scalar", "excerpt", "read_nodes"]

MOST_BYTES = 2**20
# 80 kB of brackets crash libyaml's composer; a wish needs about ten levels.
MOST_DEPTH = 64
# A file can hold a fault a byte; whoever mends it reads no more than these.
MOST_FAULTS = 50

Scalar = str | int | float | bool | None

# YAML 1.2 core schema (yaml.org/spec/1.2.2, 10.3.2): `yes` is a text, and 1.10 keeps its text beside its value.
_WORDS: dict[str, Scalar] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
    **{f"{sign}.{word}": inf for sign in ("", "+") for word in ("inf", "Inf", "INF")},
    **{f"-.{word}": -inf for word in ("inf", "Inf", "INF")},
    **{f".{word}": nan for word in ("nan", "NaN", "NAN")},
}  # fmt: skip
_INT = re.compile(r"[-+]?[0-9]+", re.ASCII)
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+", re.ASCII)
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", re.ASCII)
_NUMERIC = frozenset("0123456789+-.")
_LONGEST_INT = 40
# What a YAML stream may hold (yaml.org/spec/1.2.2, 5.1); the parser says so too, but not where.
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


# Nodes are trees, without cycles: the collector need not walk them, which is a third of the time of a large tree.
class Node(Struct, frozen=True, kw_only=True, gc=False):
    """A mapping (`fields`), a list (`items`) or a scalar (`value`, and its `text` as written), with its place."""

    place: Place
    kind: str
    fields: dict[str, tuple["Node", "Node"]] = {}
    items: tuple["Node", ...] = ()
    value: Any = None
    text: str = ""


class _EndError(Exception):
    """Nothing more of this file can be read."""


def read_nodes(file: str, data: bytes) -> tuple[list[Node], list[Finding]]:
    """The documents of a file, and what is wrong with it as YAML; empty documents are left out."""
    reader = _Reader(file)
    nodes = []
    try:
        for node in reader.documents(reader.text(data)):
            nodes.append(node)  # noqa: PERF402 - what was read before the end is kept
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = Place(file=file, line=mark.line + 1, column=mark.column + 1) if mark else Place(file=file)
        why = str(getattr(error, "problem", None) or getattr(error, "reason", None) or "it cannot be parsed")
        if "nesting" in why:  # newer parsers look ahead, and have a limit of their own
            reader.too_deep(place)
        else:
            reader.add("E003", "not YAML", f"The parser says: {why}.", place)
    except _EndError:
        pass
    return nodes, reader.findings


def excerpt(text: str) -> str:
    r"""A text of unknown length and origin, fit for a sentence.

    >>> excerpt("a" * 100)[-5:], excerpt("\x1b[31m")
    ('aaaa…', '\\x1b[31m')
    """
    shown = text if len(text) <= 60 else text[:59] + "…"
    return shown if shown.isprintable() else repr(shown)[1:-1]


class _Reader:
    """Turns events into nodes and collects the faults of one file."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.findings: list[Finding] = []

    def add(self, code: str, what: str, why: str, place: Place, do: str = "") -> None:
        do = do or "Mend the file and run `headway check` again."
        self.findings.append(Finding(code=code, what=what, why=why, do=do, place=place))

    def fault(self, code: str, what: str, why: str, place: Place, do: str = "") -> None:
        self.add(code, what, why, place, do)
        if len(self.findings) >= MOST_FAULTS:
            raise _EndError

    def text(self, data: bytes) -> str:
        top = Place(file=self.file)
        if len(data) > MOST_BYTES:
            why = f"It has {len(data):,} bytes; at most {MOST_BYTES:,} are read."
            self.fault("E002", "file too large", why, top, "Split the file; data and models belong into other files.")
            raise _EndError
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            column = error.start - (data.rfind(b"\n", 0, error.start) + 1) + 1
            why = f"Byte {error.start} (0x{data[error.start]:02x}) begins no UTF-8 character."
            at = Place(file=self.file, line=line, column=column)
            self.fault("E001", "not UTF-8", why, at, "Save the file as UTF-8.")
            raise _EndError from None
        if odd := _UNPRINTABLE.search(text):
            line, column = text.count("\n", 0, odd.start()) + 1, odd.start() - text.rfind("\n", 0, odd.start())
            why = f"The character U+{ord(odd[0]):04X} may not stand in YAML."
            self.fault("E003", "not YAML", why, Place(file=self.file, line=line, column=column), "Take it out.")
            raise _EndError
        return text

    def documents(self, text: str) -> Iterator[Node]:
        parser: Any = yaml.CSafeLoader(text)
        try:
            # The parser is a flat machine: depth costs it nothing, and no node is made before its depth is known.
            while (event := parser.get_event()) is not None:
                if isinstance(event, yaml.DocumentStartEvent):
                    node = self.node(parser, parser.get_event(), 1)
                    if node.kind != "scalar" or node.value is not None:
                        yield node
        finally:
            parser.dispose()

    def node(self, parser: Any, event: Any, depth: int) -> Node:  # noqa: ANN401 - PyYAML's events say too little
        mark = event.start_mark
        place = Place(file=self.file, line=mark.line + 1, column=mark.column + 1)
        if isinstance(event, yaml.AliasEvent):
            self.alias(place)
            return Node(place=place, kind="alias")
        if event.anchor is not None:
            self.alias(place)
        if event.tag is not None:
            why = f"The tag {excerpt(event.tag)} is not read: only plain values are."
            self.fault("E005", "tag in YAML", why, place, "Take the tag out.")
        if isinstance(event, yaml.ScalarEvent):
            text = event.value
            # A style of None is no quotes and no block; only such a scalar has a meaning beyond its text.
            return Node(place=place, kind="scalar", value=text if event.style else _scalar(text), text=text)
        if depth > MOST_DEPTH:
            self.too_deep(place)
            raise _EndError
        if isinstance(event, yaml.MappingStartEvent):
            return Node(place=place, kind="mapping", fields=self.fields(parser, depth))
        items = []
        while not isinstance(event := parser.get_event(), yaml.SequenceEndEvent):
            items.append(self.node(parser, event, depth + 1))
        return Node(place=place, kind="list", items=tuple(items))

    def fields(self, parser: Any, depth: int) -> dict[str, tuple[Node, Node]]:  # noqa: ANN401 - as above
        fields: dict[str, tuple[Node, Node]] = {}
        while not isinstance(event := parser.get_event(), yaml.MappingEndEvent):
            key = self.node(parser, event, depth + 1)
            value = self.node(parser, parser.get_event(), depth + 1)
            if key.kind != "scalar":
                self.fault("E007", "key is no text", "A key must be a plain text.", key.place)
            elif key.text in fields:
                first = fields[key.text][0].place
                why = f"It stands in line {first.line} already, and only one of them can hold."
                self.fault("E008", f"key '{excerpt(key.text)}' twice", why, key.place, "Remove one of them.")
            else:
                fields[key.text] = (key, value)
        return fields

    def too_deep(self, place: Place) -> None:
        self.add(
            "E006", "YAML nested too deep", f"More than {MOST_DEPTH} levels are not read.", place, "Flatten the file."
        )

    def alias(self, place: Place) -> None:
        why = "Anchors and aliases are not read: a few lines of them make gigabytes."
        self.fault("E004", "alias in YAML", why, place, "Write the value out in each place.")


def _scalar(text: str) -> Scalar:
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMERIC:
        return text
    if _INT.fullmatch(text) and len(text) <= _LONGEST_INT:
        return int(text)
    if _BASED.fullmatch(text) and len(text) <= _LONGEST_INT:
        return int(text, 0)
    return float(text) if _FLOAT.fullmatch(text) else text
