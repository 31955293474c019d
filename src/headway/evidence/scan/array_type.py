"""What a numpy type in a pickle is: its kind, the bytes of an element, and whether it holds objects.

A type's state must say what its name says.  Apart, they make numpy read numbers as addresses of objects, and joblib
skip other bytes than we do, and run what we took for numbers.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from headway.evidence.scan.fault import ForbiddenError
from headway.evidence.scan.shadow import Fields, Made, Shadow

__all__ = ["DTYPE", "ArrayType", "by_name", "check_state", "described"]

DTYPE = "numpy:dtype"

_NAME = re.compile(r"[<>=|]?([biufcMmOSUV])(0|[1-9]\d{0,8}|)(?:(?<=[Mm]8)\[\w{1,8}\])?")
# Kinds whose size does not stand in their state, and the sizes there are; of the others any size goes.
_SIZES: Mapping[str, tuple[str, ...]] = {
    "b": ("1",), "i": ("1", "2", "4", "8"), "u": ("1", "2", "4", "8"), "f": ("2", "4", "8", "12", "16"),
    "c": ("8", "16", "24", "32"), "M": ("8",), "m": ("8",), "O": ("", "4", "8"),
}  # fmt: skip
# numpy/core/include/numpy/ndarraytypes.h: NPY_ITEM_HASOBJECT, NPY_LIST_PICKLE.
_HAS_OBJECT, _AS_LIST = 1, 2
_CONTRADICTS = "a numpy type whose state contradicts its name"


class ArrayType(NamedTuple):
    """Kind as in numpy's names, bytes of an element, and whether it holds objects."""

    kind: str
    width: int
    objects: bool


def by_name(text: str) -> ArrayType | None:
    """The type of a name as numpy writes it; None when it is no such name.

    >>> by_name("<f8"), by_name("|U3"), by_name("f")
    (ArrayType(kind='f', width=8, objects=False), ArrayType(kind='U', width=12, objects=False), None)
    """
    found = _NAME.fullmatch(text)
    if found is None:
        return None
    kind, digits = found.groups()
    if kind in _SIZES:
        return ArrayType(kind, int(digits or 8), kind == "O") if digits in _SIZES[kind] else None
    return ArrayType(kind, int(digits) * (4 if kind == "U" else 1), objects=False) if digits else None


def described(dtype: Shadow) -> ArrayType:
    """The type that stands in a pickle, its state held against its name before; ForbiddenError when it is none."""
    if not isinstance(dtype, Made) or dtype.of.name != DTYPE or not dtype.args:
        raise ForbiddenError("a numpy array of unknown type")
    text = dtype.args[0]
    named = by_name(text) if isinstance(text, str) else None
    if named is None:
        raise ForbiddenError("a numpy array of unknown type")
    fields = _fields(dtype.states[0]) if dtype.states else None
    return named._replace(objects=named.objects or (fields is not None and _hold_objects(fields)))


def check_state(dtype: Made, state: Shadow) -> None:
    """ForbiddenError when a state makes another type of it than its name says (numpy: `arraydescr_setstate`)."""
    kind, width, objects = described(dtype)
    if dtype.states or not isinstance(state, tuple) or len(state) not in (8, 9) or state[0] not in (3, 4):
        raise ForbiddenError("a numpy type of an unknown state")
    _, _, part, names, _, size, _, flags = state[:8]
    fields = _fields(state)
    if part is not None or not isinstance(flags, int) or not isinstance(size, int):
        raise ForbiddenError("a numpy type of an unknown state")
    if size != (-1 if kind in _SIZES else width):
        raise ForbiddenError(_CONTRADICTS)
    if fields is None:
        if names is not None:
            raise ForbiddenError(_CONTRADICTS)
    else:
        _check_fields(kind, width, names, fields)
        objects = _hold_objects(fields)
    if objects != bool(flags & _HAS_OBJECT) or objects != bool(flags & _AS_LIST):
        raise ForbiddenError(_CONTRADICTS)


def _fields(state: Shadow) -> Fields | None:
    fields = state[4] if isinstance(state, tuple) and len(state) > 4 else None
    if fields is not None and (not isinstance(fields, Fields) or not fields.whole):
        raise ForbiddenError("a numpy type whose fields are not known")
    return fields


def _hold_objects(fields: Fields) -> bool:
    return any(_field(field)[0].objects for field in fields.known.values())


def _check_fields(kind: str, width: int, names: Shadow, fields: Fields) -> None:
    """Every field lies within an element, and no two overlap: an object under a number would take it for an address."""
    if kind != "V" or not isinstance(names, tuple) or not all(name in fields.known for name in names):
        raise ForbiddenError(_CONTRADICTS)
    end = 0
    for offset, size in sorted({(offset, held.width) for held, offset in map(_field, fields.known.values())}):
        if offset < end:
            raise ForbiddenError("a numpy type whose fields overlap")
        end = offset + size
    if end > width:
        raise ForbiddenError(_CONTRADICTS)


def _field(field: Shadow) -> tuple[ArrayType, int]:
    """Type and offset of a field; one level deep, for a type inside could still get its own state later."""
    if not isinstance(field, tuple) or len(field) not in (2, 3):
        raise ForbiddenError("a numpy type whose fields are not known")
    held, offset = described(field[0]), field[1]
    if held.kind == "V" or not isinstance(offset, int) or offset < 0:
        raise ForbiddenError("a numpy type with fields inside fields")
    return held, offset
