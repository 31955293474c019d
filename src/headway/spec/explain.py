"""Answers what a kind or a field is, by the path that people write: `Model.rollout.deadline`."""

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from headway.spec.convert import nearest
from headway.spec.form import takes
from headway.spec.load import KINDS
from headway.spec.lock import Lock
from headway.spec.plain import flow, plain
from headway.spec.release import Release
from headway.spec.shape import Either, Field, Fixed, Many, Record, Shape, Table, fields_of
from headway.spec.words import words_of
from headway.spec.yaml import excerpt

__all__ = ["DOCUMENTED", "Explained", "Group", "Line", "explain", "lines_of"]

# Every kind that has a form: those that people write, and those that Headway writes.
DOCUMENTED: Mapping[str, type[Struct]] = {**KINDS, "Release": Release, "Lock": Lock}


class Line(Struct, frozen=True, kw_only=True):
    """One field: what it says, what it takes, and its default (empty: it must be given, or has none)."""

    name: str
    says: str
    takes: str
    default: str
    required: bool


class Group(Struct, frozen=True, kw_only=True):
    """The fields of a record; `key` is the one that tells it from others in its place (empty: it is the only one)."""

    key: str
    says: str
    fields: tuple[Line, ...]


class Explained(Struct, frozen=True, kw_only=True):
    """A kind or a field, with the fields below it."""

    path: str
    says: str
    takes: str = ""
    default: str = ""
    required: bool = False
    below: tuple[Group, ...] = ()


def explain(path: str) -> Explained:
    """What a path names; LookupError says what there is instead.  `spec` may be left out."""
    first, *steps = path.split(".")
    kind = DOCUMENTED.get(first)
    if kind is None:
        raise LookupError(f"There is no kind '{excerpt(first)}': {', '.join(DOCUMENTED)}.{nearest(first, DOCUMENTED)}")
    words = words_of(kind).says
    if not steps:
        return Explained(path=first, says=words, below=_groups((kind,)))
    if steps[0] not in fields_of(kind):
        steps.insert(0, "spec")
    at, records = first, tuple(_within(Record(kind=kind)))
    for step in steps:
        record = _holder(at, records, step)
        at, records = f"{at}.{step}", tuple(_within(fields_of(record)[step].shape))
    line = next(each for each in lines_of(record) if each.name == steps[-1])
    return Explained(
        path=at,
        says=line.says,
        takes=line.takes,
        default=line.default,
        required=line.required,
        below=_groups(records),
    )


def lines_of(kind: type[Struct]) -> tuple[Line, ...]:
    """The fields of a record, in words."""
    words = words_of(kind).fields
    return tuple(
        Line(
            name=field.name,
            says=words.get(field.name, ""),
            takes=takes(field.shape),
            default=_default(field),
            required=field.required,
        )
        for field in fields_of(kind).values()
    )


def _default(field: Field) -> str:
    return "" if field.required else flow(plain(field.default, field.shape))


def _groups(records: Sequence[type[Struct]]) -> tuple[Group, ...]:
    several = len(records) > 1
    return tuple(
        Group(key=next(iter(fields_of(kind))) if several else "", says=words_of(kind).says, fields=lines_of(kind))
        for kind in records
    )


def _holder(at: str, records: Sequence[type[Struct]], step: str) -> type[Struct]:
    """The record that has a field; lists, mappings by name and unions are passed without a word."""
    for record in records:
        if step in fields_of(record):
            return record
    known = dict.fromkeys(name for record in records for name in fields_of(record))
    has = f"there are: {', '.join(known)}" if known else "it has no fields"
    raise LookupError(f"{at} has no field '{excerpt(step)}'; {has}.{nearest(step, known)}")


def _within(shape: Shape) -> Iterator[type[Struct]]:
    match shape:
        case Record(kind=kind):
            yield kind
        case Many(of=of) | Table(of=of):
            yield from _within(of)
        case Either(of=several) | Fixed(of=several):
            for each in several:
                yield from _within(each)
        case _:
            return
