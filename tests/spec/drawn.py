"""Draws documents of every kind from the shapes of their records, and damages them."""

from typing import Any

from hypothesis import strategies as st
from msgspec import Struct

from headway.spec.metadata import API_VERSION
from headway.spec.shape import Choice, Either, Field, Fixed, Many, Measure, Plain, Record, Shape, Table, fields_of

__all__ = ["damaged", "documents", "records"]

TEXTS = st.text("abcXYZ019 .:-_*/%é'\"#{}[]&!|>?@`", max_size=8)
NUMBERS = st.integers(-(10**20), 10**20) | st.floats(-1e9, 1e9).filter(lambda value: not value.is_integer())
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS, st.sampled_from(["", "0", "5%", "2h", "1.5x", 2**63, 0]))
MEASURES = {
    "seconds": ["250ms", "60s", "1.5h", "90d", "0", 0],
    "ratio": ["1.5x", "1x"],
    "share": ["5%", "0.5pp", "0", 0],
    "per_second": ["100/s", "3/m", 0],
    "byte_size": ["512Mi", "2G", "100", 1024, 0],
}
PLAIN: dict[str, st.SearchStrategy[Any]] = {
    "text": TEXTS,
    "number": NUMBERS,
    "whole": st.integers(-(2**63) + 1, 2**63 - 1),
    "boolean": st.booleans(),
    "nothing": st.none(),
}


def documents(name: str, kind: type) -> st.SearchStrategy[Any]:
    """Documents of a kind in which every field is of its type, whatever the rules say of it."""
    made = _shape(Record(kind=kind))
    return made.map(lambda fields: {**fields, "kind": name, "apiVersion": API_VERSION})


def records(kind: type[Struct]) -> st.SearchStrategy[Any]:
    """One record in which every field is of its type."""
    return _shape(Record(kind=kind))


def _shape(shape: Shape, *, keyed: bool = False) -> st.SearchStrategy[Any]:  # noqa: PLR0911 - one line a shape
    match shape:
        case Plain(kind=kind):
            return PLAIN[kind]
        case Choice(values=values):
            return st.sampled_from(values)
        case Measure(name=name):
            return st.sampled_from(MEASURES[name])
        case Many(of=of):
            return st.lists(_shape(of), max_size=3)
        case Fixed(of=several):
            return st.tuples(*map(_shape, several)).map(list)
        case Table(of=of):
            return st.dictionaries(TEXTS.filter(bool), _shape(of), max_size=2)
        case Either(of=several):
            records = sum(isinstance(each, Record) for each in several) > 1
            return st.one_of([_shape(each, keyed=records) for each in several])
        case Record(kind=kind):
            fields = list(fields_of(kind).values())
            needed = [field for at, field in enumerate(fields) if field.required or (keyed and not at)]
            others = [field for field in fields if field not in needed]
            return st.fixed_dictionaries(_named(needed), optional=_named(others))


def _named(fields: list[Field]) -> dict[str, st.SearchStrategy[Any]]:
    return {field.name: _shape(field.shape) for field in fields}


@st.composite
def damaged(draw: st.DrawFn, document: st.SearchStrategy[Any]) -> Any:
    """A document in which up to three things were replaced, removed, added or wrapped, somewhere."""
    found = draw(document)
    for _ in range(draw(st.integers(0, 3))):
        found = _damage(draw, found)
    return found


def _damage(draw: st.DrawFn, at: Any) -> Any:
    children = list(at) if isinstance(at, dict) else list(range(len(at))) if isinstance(at, list) else []
    if children and draw(st.integers(0, 4)):
        child = draw(st.sampled_from(children))
        if isinstance(at, dict):
            return {name: _damage(draw, each) if name == child else each for name, each in at.items()}
        return [_damage(draw, each) if number == child else each for number, each in enumerate(at)]
    how = draw(st.sampled_from(["replace", "remove", "add", "wrap", "rename"]))
    if isinstance(at, dict) and how in {"remove", "rename"} and at:
        lost = draw(st.sampled_from(list(at)))
        rest = {name: each for name, each in at.items() if name != lost}
        return rest if how == "remove" else {**rest, f"{lost}s": at[lost]}
    if isinstance(at, dict) and how == "add":
        return {**at, draw(TEXTS.filter(bool)): draw(SCALARS)}
    if isinstance(at, list) and how in {"remove", "add"}:
        return at[1:] if how == "remove" else [*at, draw(SCALARS)]
    return [at] if how == "wrap" else draw(SCALARS)
