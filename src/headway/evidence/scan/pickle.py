"""Walks a pickle opcode by opcode with a stack of shadows, so that every global and every call is seen.

Nothing is ever built.  joblib's arrays stand between opcodes as raw bytes; their length is known from their wrapper, so
that what comes behind them is seen too.
"""

import math
import pickletools
from collections.abc import Iterator
from io import BytesIO
from typing import Any

from msgspec import Struct

__all__ = ["Found", "walk"]

MOST_OPCODES = 20_000_000
MOST_DEPTH = 50
WRAPPER = "joblib.numpy_pickle:NumpyArrayWrapper"
ALIGNMENT_MARK = "numpy_array_alignment_bytes"


class Found(Struct, frozen=True, kw_only=True):
    """Globals named by the stream, `module:name`, and what could not be understood."""

    globals: tuple[str, ...]
    faults: tuple[str, ...]


class _Global(Struct, frozen=True):
    name: str


class _Made(Struct):
    """What a call or a class would make; its state is kept for arrays only."""

    of: object
    args: object = None
    state: object = None


_MARK = object()
_UNKNOWN = object()


class _FaultError(Exception):
    """The stream is no pickle that this walker understands."""


def walk(data: bytes) -> Found:
    """Walk every pickle in the bytes, one behind the other; trailing bytes that are none are a fault."""
    stream, globals_, faults = BytesIO(data), dict[str, None](), list[str]()
    try:
        while stream.tell() < len(data):
            for name in _one(stream, data):
                globals_[name] = None
    except _FaultError as fault:
        faults.append(str(fault))
    except (ValueError, IndexError, KeyError, OverflowError, UnicodeDecodeError, AttributeError, TypeError) as error:
        faults.append(f"not a pickle that can be understood at byte {stream.tell()}: {error}")
    return Found(globals=tuple(globals_), faults=tuple(faults))


def _one(stream: BytesIO, data: bytes, depth: int = 0) -> Iterator[str]:  # noqa: C901, PLR0912, PLR0915 - one branch a family of opcodes
    if depth > MOST_DEPTH:
        raise _FaultError("pickles nested too deep")
    stack: list[Any] = []
    memo: dict[int, Any] = {}
    for count, (opcode, arg, _place) in enumerate(pickletools.genops(stream)):
        if count > MOST_OPCODES:
            raise _FaultError(f"more than {MOST_OPCODES} opcodes")
        name = opcode.name
        if name in {"PROTO", "FRAME"}:
            continue
        if name == "STOP":
            return
        if name == "MARK":
            stack.append(_MARK)
        elif name in {"GLOBAL", "INST"}:
            module, _, attribute = str(arg).partition(" ")
            yield f"{module}:{attribute}"
            if name == "INST":
                _to_mark(stack)
                stack.append(_Made(_Global(f"{module}:{attribute}")))
            else:
                stack.append(_Global(f"{module}:{attribute}"))
        elif name == "STACK_GLOBAL":
            attribute, module = stack.pop(), stack.pop()
            if not isinstance(module, str) or not isinstance(attribute, str):
                raise _FaultError("a global whose name is computed")
            yield f"{module}:{attribute}"
            stack.append(_Global(f"{module}:{attribute}"))
        elif name in {"EXT1", "EXT2", "EXT4", "PERSID", "BINPERSID", "NEXT_BUFFER", "READONLY_BUFFER"}:
            raise _FaultError(f"the opcode {name}, which takes something from outside the file")
        elif name == "REDUCE":
            args, what = stack.pop(), stack.pop()
            stack.append(_called(what, args))
        elif name in {"NEWOBJ", "NEWOBJ_EX"}:
            if name == "NEWOBJ_EX":
                stack.pop()
            args, what = stack.pop(), stack.pop()
            stack.append(_called(what, args))
        elif name == "OBJ":
            items = _to_mark(stack)
            stack.append(_called(items[0], items[1:]))
        elif name == "BUILD":
            state, made = stack.pop(), stack[-1]
            if isinstance(made, _Made):
                made.state = state
                if made.of == _Global(WRAPPER) and _skip_array(stream, data, state):
                    yield from _one(stream, data, depth + 1)
        elif name in {"PUT", "BINPUT", "LONG_BINPUT"}:
            memo[_number(arg)] = stack[-1]
        elif name == "MEMOIZE":
            memo[len(memo)] = stack[-1]
        elif name in {"GET", "BINGET", "LONG_BINGET"}:
            stack.append(memo[_number(arg)])
        elif name == "POP":
            stack.pop()
        elif name == "POP_MARK":
            _to_mark(stack)
        elif name == "DUP":
            stack.append(stack[-1])
        elif name in {"TUPLE", "LIST", "FROZENSET"}:
            items = _to_mark(stack)
            stack.append(tuple(items) if name == "TUPLE" else _UNKNOWN)
        elif name == "DICT":
            items = _to_mark(stack)
            stack.append(_mapping({}, items))
        elif name in {"TUPLE1", "TUPLE2", "TUPLE3"}:
            size = int(name[-1])
            items = [stack.pop() for _ in range(size)][::-1]
            stack.append(tuple(items))
        elif name in {"APPEND", "ADDITEMS", "APPENDS"}:
            if name == "APPEND":
                stack.pop()
            else:
                _to_mark(stack)
        elif name == "SETITEM":
            value, key = stack.pop(), stack.pop()
            _mapping(stack[-1], [key, value])
        elif name == "SETITEMS":
            items = _to_mark(stack)
            _mapping(stack[-1], items)
        elif name == "EMPTY_DICT":
            stack.append({})
        elif name == "EMPTY_TUPLE":
            stack.append(())
        elif name in {"EMPTY_LIST", "EMPTY_SET"}:
            stack.append(_UNKNOWN)
        elif name == "NONE":
            stack.append(None)
        elif name in {"NEWTRUE", "NEWFALSE"}:
            stack.append(name == "NEWTRUE")
        elif opcode.arg is not None and not opcode.stack_before and len(opcode.stack_after) == 1:
            stack.append(arg)
        else:
            raise _FaultError(f"the opcode {name}")


def _number(arg: object) -> int:
    if not isinstance(arg, int):
        raise _FaultError("a memo entry without a number")
    return arg


def _to_mark(stack: list[Any]) -> list[Any]:
    items: list[Any] = []
    while (item := stack.pop()) is not _MARK:
        items.append(item)
    return items[::-1]


def _called(what: Any, args: Any) -> _Made:  # noqa: ANN401 - a shadow of anything
    if not isinstance(what, _Global):
        raise _FaultError("a call of something that is no named global")
    return _Made(what, args)


def _mapping(target: Any, items: list[Any]) -> Any:  # noqa: ANN401 - a shadow of anything
    if isinstance(target, dict):
        for key, value in zip(items[::2], items[1::2], strict=True):
            if isinstance(key, str | int):
                target[key] = value
    return target


def _skip_array(stream: BytesIO, data: bytes, state: Any) -> bool:  # noqa: ANN401 - a shadow of anything
    """Step over the bytes of an array that joblib wrote behind its wrapper; True when they are a pickle of its own."""
    if not isinstance(state, dict):
        raise _FaultError("a joblib array whose description is computed")
    shape, dtype = state.get("shape"), state.get("dtype")
    if not isinstance(shape, tuple) or not all(isinstance(size, int) and size >= 0 for size in shape):
        raise _FaultError("a joblib array of unknown shape")
    if not isinstance(dtype, _Made) or not isinstance(dtype.args, tuple) or not isinstance(dtype.args[0], str):
        raise _FaultError("a joblib array of unknown type")
    text = dtype.args[0].lstrip("<>=|")
    if text[:1] == "O" or (text[:1] == "V" and _has_object(dtype)):
        return True
    if text[:1] not in "biufcSUMmV" or not text[1:].isdigit():
        raise _FaultError(f"a joblib array of type {text!r}")
    width = int(text[1:]) * (4 if text[0] == "U" else 1)
    place = stream.tell()
    if state.get(ALIGNMENT_MARK) is not None:
        padding = data[place]
        place += 1 + padding
    stream.seek(place + math.prod(shape) * width)
    if stream.tell() > len(data):
        raise _FaultError("a joblib array that ends behind the file")
    return False


def _has_object(dtype: _Made) -> bool:
    """Does a structured type hold objects?  Its state names each field with a type of its own."""
    state = dtype.state
    fields = state[4] if isinstance(state, tuple) and len(state) > 4 else None
    if not isinstance(fields, dict) or not fields:
        raise _FaultError("a joblib array of a type whose fields are not known")
    for field in fields.values():
        inner = field[0] if isinstance(field, tuple) and field else None
        if not isinstance(inner, _Made) or not isinstance(inner.args, tuple) or not isinstance(inner.args[0], str):
            raise _FaultError("a joblib array of a type whose fields are not known")
        text = inner.args[0].lstrip("<>=|")
        if text[:1] == "O" or (text[:1] == "V" and _has_object(inner)):
            return True
    return False
