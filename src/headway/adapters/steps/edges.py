"""Made rows at the edges of what may be asked: ordinary rows with one value missing, unseen, empty or extreme."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from headway.evidence.bundle import Column, Signature

__all__ = ["EDGES_AT_MOST", "edge_rows", "missing"]

# A table of a thousand columns has more edges than are worth a minute; then every so many columns' are tried.
EDGES_AT_MOST = 1000
FAR = 10**12
_MISSING = "missing"
UNSEEN = ("no such value", "Zürich 東京", " ", "x" * 1000)

Rows = dict[str, list[Any]]


def edge_rows(frame: pl.DataFrame, signature: Signature) -> tuple[tuple[str, ...], Rows]:
    """What each row's edge is, and the rows, column by column; the ordinary values come from `frame`."""
    names = [column.name for column in signature.inputs]
    known = frame.select(names).drop_nulls()
    ordinary = (known if known.height else frame.select(names)).head(EDGES_AT_MOST).rows()
    edges = [*_of_all(frame, signature)]
    of_one = [
        (_named(column, told), {column.name: value})
        for column in signature.inputs
        for told, value in _values(column, frame[column.name])
    ]
    step = -(-len(of_one) // EDGES_AT_MOST)
    edges += of_one[:: max(1, step)]
    rows: Rows = {name: [] for name in names}
    for at, (_, changes) in enumerate(edges):
        for name, value in zip(names, ordinary[at % len(ordinary)], strict=True):
            rows[name].append(changes.get(name, value))
    return tuple(told for told, _ in edges), rows


def missing(column: Column) -> str:
    """How the edge is called on which a column's value is missing."""
    return _named(column, _MISSING)


def _named(column: Column, told: str) -> str:
    return f"{column.name}: {told}"


def _of_all(frame: pl.DataFrame, signature: Signature) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Edges of several columns at once."""
    numbers = [column for column in signature.inputs if column.type in {"float64", "int64"}]
    for told in ("the least", "the greatest", "zero"):
        found = {column.name: dict(_values(column, frame[column.name])).get(told) for column in numbers}
        if found and None not in found.values():
            yield f"every number {told}", found
    texts = [column.name for column in signature.inputs if column.type == "string"]
    if texts:
        yield "every text empty", dict.fromkeys(texts, "")
        yield "every text unseen", dict.fromkeys(texts, UNSEEN[0])
    if nullable := [column.name for column in signature.inputs if column.nullable]:
        yield "every value missing that may be", dict.fromkeys(nullable)


def _values(column: Column, values: pl.Series) -> Iterator[tuple[str, Any]]:
    if column.nullable:
        yield _MISSING, None
    match column.type:
        case "bool":
            yield from (("true", True), ("false", False))
        case "string":
            yield "empty", ""
            yield from ((f"unseen, {_shown(text)}", text) for text in UNSEEN)
            if (level := _most(values)) is not None:
                yield from (("in capitals", level.upper()), ("with a blank behind it", f"{level} "))
        case _:
            whole = values.drop_nulls()
            if whole.len():
                yield from (("the least", whole.min()), ("the greatest", whole.max()))
            yield from (("zero", 0), ("far above", FAR), ("far below", -FAR))
            if column.type == "float64":
                yield "negative zero", -0.0


def _most(values: pl.Series) -> str | None:
    whole: Sequence[Any] = values.drop_nulls().mode().sort().to_list()
    return str(whole[0]) if whole else None


def _shown(text: str) -> str:
    return repr(text) if len(text) < 20 else f"{len(text)} letters"
