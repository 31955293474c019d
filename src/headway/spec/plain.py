"""Writes a value of a field as people would write it in YAML: the inverse of reading it."""

import json
import re
from collections.abc import Mapping
from typing import Any

from headway.spec.quantity import written
from headway.spec.shape import Choice, Either, Fixed, Many, Measure, Plain, Record, Shape, Table, fields_of

__all__ = ["flow", "plain"]

_BARE = re.compile(r"[A-Za-z_*][\w ./*-]*", re.ASCII)
_WORDS = frozenset({"true", "false", "null"})


def plain(value: Any, shape: Shape) -> Any:  # noqa: ANN401, PLR0911 - any field's value; one line a shape
    """A value as JSON with quantities as texts.

    >>> from headway.spec.rollout import Rollout
    >>> plain(Rollout().deadline, fields_of(Rollout)["deadline"].shape), plain(60.0, Measure(name="seconds"))
    ({'after': '2h', 'then': 'rollback'}, '1m')
    """
    match shape:
        case Either():
            return plain(value, _fitting(value, shape))
        case Measure(name=name):
            return written(name, value)
        case Record(kind=kind):
            # All of a record's fields: an empty mapping would hide what holds.
            return {
                name: plain(getattr(value, name), field.shape)
                for name, field in fields_of(kind).items()
                # Nothing is left out where it is what holds by default; elsewhere it is a choice.
                if getattr(value, name) is not None or field.default is not None
            }
        case Many(of=of):
            return [plain(each, of) for each in value]
        case Fixed(of=of):
            return [plain(each, one) for each, one in zip(value, of, strict=True)]
        case Table(of=of):
            return {name: plain(each, of) for name, each in value.items()}
        case _:
            return int(value) if type(value) is float and value.is_integer() else value


def flow(value: Any) -> str:  # noqa: ANN401 - what `plain` writes
    """A plain value as YAML on one line.

    >>> flow({"after": "2h", "of": [1, None, True, "", "5%"]})
    '{after: 2h, of: [1, nothing, true, "", 5%]}'
    """
    match value:
        case None:
            return "nothing"
        case dict():
            return "{" + ", ".join(f"{name}: {flow(each)}" for name, each in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(flow, value)) + "]"
        case str():
            bare = value not in _WORDS and (_BARE.fullmatch(value) or re.fullmatch(r"[0-9.]+[A-Za-z%/]+", value))
            return value if bare else json.dumps(value, ensure_ascii=False)
        case _:
            return json.dumps(value)


def _fitting(value: Any, shape: Either) -> Shape:  # noqa: ANN401 - any field's value
    """The shape of a union that a value has; a number up to 1 is a share rather than a duration."""
    return next(each for each in shape.of if _fits(value, each))


# A number is one too where a whole one was written.
_SCALARS: Mapping[str, type | tuple[type, ...]] = {
    "text": str, "number": (int, float), "whole": int, "boolean": bool, "nothing": type(None),
}  # fmt: skip


def _fits(value: Any, shape: Shape) -> bool:  # noqa: ANN401 - any field's value
    match shape:
        case Record(kind=kind):
            return isinstance(value, kind)
        case Many() | Fixed() | Table():
            return isinstance(value, dict if isinstance(shape, Table) else tuple)
        case Measure(name=name):
            return isinstance(value, float) and (name == "share") == (value <= 1)
        case Choice(values=values):
            return value in values
        case Plain(kind=scalar):
            return isinstance(value, _SCALARS[scalar])
        case Either():
            return any(_fits(value, each) for each in shape.of)
