"""What a field may hold, as values: read once from the records' type hints, for loading, schemas and explanations.

`msgspec.inspect` refuses the unions of untagged records that gates and guardrails are, so the hints are read here.
"""

import types
from collections.abc import Mapping
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct

from headway.spec.quantity import QUANTITY

__all__ = ["Choice", "Either", "Field", "Fixed", "Many", "Measure", "Plain", "Record", "Shape", "Table", "fields_of"]


class Plain(Struct, frozen=True, kw_only=True):
    """A scalar: text, number, whole number, boolean, or nothing."""

    kind: Literal["text", "number", "whole", "boolean", "nothing"]


class Choice(Struct, frozen=True, kw_only=True):
    """One of these texts."""

    values: tuple[str, ...]


class Measure(Struct, frozen=True, kw_only=True):
    """A quantity: `name` is its row in `quantity.QUANTITIES`."""

    name: str


class Many(Struct, frozen=True, kw_only=True):
    """A list of any length."""

    of: "Shape"


class Fixed(Struct, frozen=True, kw_only=True):
    """A list with one shape a place."""

    of: tuple["Shape", ...]


class Table(Struct, frozen=True, kw_only=True):
    """A mapping with keys of the writer's choice."""

    of: "Shape"


class Record(Struct, frozen=True, kw_only=True):
    """A mapping with known fields."""

    kind: type[Struct]


class Either(Struct, frozen=True, kw_only=True):
    """One of several shapes; those that say most come first, text last, for every scalar is one."""

    of: tuple["Shape", ...]


Shape = Plain | Choice | Measure | Many | Fixed | Table | Record | Either

_PLAIN: Mapping[Any, Plain] = {
    types.NoneType: Plain(kind="nothing"),
    bool: Plain(kind="boolean"),
    int: Plain(kind="whole"),
    float: Plain(kind="number"),
    str: Plain(kind="text"),
}
_ORDER = (types.NoneType, bool, int, float)


class Field(Struct, frozen=True, kw_only=True):
    """A field of a record by the name it has in a file; `default` says nothing where it is required."""

    name: str
    shape: Shape
    required: bool
    default: Any = None


@cache
def fields_of(kind: type[Struct]) -> Mapping[str, Field]:
    """The fields of a record, in the order in which they are declared.

    >>> from headway.spec.rollout import Deadline
    >>> fields_of(Deadline)["after"].shape
    Measure(name='seconds')
    """
    hints = get_type_hints(kind, include_extras=True)
    return {
        field.name: Field(
            name=field.name,
            shape=_shape(hints[field.name]),
            required=field.required,
            default=_default(field),
        )
        for field in msgspec.structs.fields(kind)
    }


def _default(field: msgspec.structs.FieldInfo) -> Any:  # noqa: ANN401 - any field's value
    if field.default is not msgspec.NODEFAULT:
        return field.default
    return field.default_factory() if field.default_factory is not msgspec.NODEFAULT else None


def _shape(hint: Any) -> Shape:  # noqa: ANN401 - a type hint; one line a form of it
    origin, args = get_origin(hint), get_args(hint)
    if hasattr(hint, "__metadata__"):
        return Measure(name=next(meta.extra[QUANTITY] for meta in hint.__metadata__))
    if origin in {Union, types.UnionType}:
        return Either(of=tuple(map(_shape, sorted(args, key=_rank))))
    if origin is Literal:
        return Choice(values=args)
    if origin is tuple:
        return Many(of=_shape(args[0])) if args[-1] is Ellipsis else Fixed(of=tuple(map(_shape, args)))
    if origin is dict:
        return Table(of=_shape(args[1]))
    return Record(kind=hint) if issubclass(hint, Struct) else _PLAIN[hint]


def _rank(hint: Any) -> int:  # noqa: ANN401 - a type hint
    return _ORDER.index(hint) if hint in _ORDER else len(_ORDER) + (hint is str)
