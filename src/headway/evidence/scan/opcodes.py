"""What each opcode of pickle protocols 0 to 5 does to the shadows.  A byte that is not in the table is no opcode."""

import re
import struct
from collections.abc import Callable, Mapping

from headway.evidence.scan.calls import called
from headway.evidence.scan.fault import ForbiddenError
from headway.evidence.scan.machine import Machine
from headway.evidence.scan.report import MOST_NAME
from headway.evidence.scan.shadow import BYTES, LIST, OPAQUE, SET, TEXT, Fields, Made, Shadow

__all__ = ["OPCODES"]

Step = Callable[[Machine], None]

HIGHEST_PROTOCOL = 5
_PERSISTENT = "a persistent id, which takes something from outside the pickle"
# As both unpicklers read them alike: in C a zero in front makes a number octal.
_DIGITS = re.compile(rb"-?(?:0|[1-9][0-9]{0,17})")

_MAPPINGS = frozenset(
    {
        "collections:OrderedDict", "collections:defaultdict", "collections:Counter", "sklearn.utils._bunch:Bunch",
        "sklearn.utils:Bunch", "sklearn.utils._encode:_nandict", "sklearn.utils.deprecation:_DeprecationDict",
    }
)  # fmt: skip
_LISTS = frozenset({"collections:deque"})


def _proto(m: Machine) -> None:
    if m.number(1) > HIGHEST_PROTOCOL:
        m.malformed("an unknown protocol")


def _frame(m: Machine) -> None:
    """Only the unpickler in Python, joblib's, minds frames; so what is odd about one is refused, not left to fail."""
    size = m.number(8)
    if m.place < m.frame_end:
        raise ForbiddenError("a frame inside a frame")
    m.frame_end = m.place + size
    if m.frame_end > len(m.data):
        raise ForbiddenError("a frame that ends behind the file")


def _stop(m: Machine) -> None:
    m.pop()
    m.stopped = True


def _pop(m: Machine) -> None:
    if m.stack:
        m.stack.pop()
    else:
        m.to_mark()


def _pop_mark(m: Machine) -> None:
    m.to_mark()


def _text(size: int) -> Step:
    """A text whose length comes first, in so many bytes."""

    def step(m: Machine) -> None:
        length = m.number(size)
        if length > MOST_NAME:
            m.skip(length)
            m.stack.append(TEXT)
            return
        try:
            m.stack.append(m.take(length).decode("utf-8", "surrogatepass"))
        except UnicodeDecodeError:
            m.malformed("a text that is no UTF-8")

    return step


def _text_line(m: Machine) -> None:
    line = m.line()
    if len(line) > MOST_NAME:
        m.stack.append(TEXT)
        return
    try:
        m.stack.append(line.decode("raw-unicode-escape"))
    except UnicodeDecodeError:
        m.malformed("a text that cannot be decoded")


def _skipped(size: int, kind: Shadow) -> Step:
    """Bytes whose length comes first; what they hold is no name and no number that matters here."""

    def step(m: Machine) -> None:
        m.skip(m.number(size))
        m.stack.append(kind)

    return step


def _skipped_line(m: Machine) -> None:
    m.line()
    m.stack.append(OPAQUE)


def _int_line(m: Machine) -> None:
    line = m.line()
    if line in (b"00", b"01"):
        m.stack.append(line == b"01")
    else:
        m.stack.append(_decimal(line.removesuffix(b"L")))


def _decimal(line: bytes) -> Shadow:
    return int(line) if _DIGITS.fullmatch(line) else OPAQUE


def _fixed(size: int, *, signed: bool) -> Step:
    def step(m: Machine) -> None:
        m.stack.append(int.from_bytes(m.take(size), "little", signed=signed))

    return step


def _long(size: int) -> Step:
    def step(m: Machine) -> None:
        length = m.number(size)
        if length > 8:
            m.skip(length)
            m.stack.append(OPAQUE)
        else:
            m.stack.append(int.from_bytes(m.take(length), "little", signed=True))

    return step


def _float(m: Machine) -> None:
    m.stack.append(struct.unpack(">d", m.take(8))[0])


def _value(value: Shadow) -> Step:
    return lambda m: m.stack.append(value)


def _tuple(size: int) -> Step:
    def step(m: Machine) -> None:
        items = tuple(m.pop() for _ in range(size))[::-1]
        m.stack.append(items)

    return step


def _tuple_to_mark(m: Machine) -> None:
    items = tuple(m.to_mark())
    m.stack.append(items)


def _to_mark(kind: Shadow) -> Step:
    def step(m: Machine) -> None:
        m.to_mark()
        m.stack.append(kind)

    return step


def _dict(m: Machine) -> None:
    items = m.to_mark()
    fields = Fields()
    _put(m, fields, items)
    m.stack.append(fields)


def _put(m: Machine, target: Shadow, items: list[Shadow]) -> None:
    if len(items) % 2:
        m.malformed("a key without a value")
    if isinstance(target, Fields):
        for key, value in zip(items[::2], items[1::2], strict=True):
            target.put(key, value)
    elif not _is(target, _MAPPINGS):
        raise ForbiddenError("an entry is put into something that is no dict")


def _is(target: Shadow, names: frozenset[str]) -> bool:
    return isinstance(target, Made) and (target.of.free or target.of.name in names)


def _append(m: Machine) -> None:
    m.pop()
    _extend(m.top())


def _appends(m: Machine) -> None:
    m.to_mark()
    _extend(m.top())


def _extend(target: Shadow) -> None:
    if target is not LIST and not _is(target, _LISTS):
        raise ForbiddenError("something is appended to what is no list")


def _add(m: Machine) -> None:
    m.to_mark()
    if m.top() is not SET and not _is(m.top(), frozenset()):
        raise ForbiddenError("something is added to what is no set")


def _set_item(m: Machine) -> None:
    value, key = m.pop(), m.pop()
    _put(m, m.top(), [key, value])


def _set_items(m: Machine) -> None:
    items = m.to_mark()
    _put(m, m.top(), items)


def _put_line(m: Machine) -> None:
    m.keep(_index(m))


def _get_line(m: Machine) -> None:
    m.recall(_index(m))


def _index(m: Machine) -> int:
    line = m.line()
    found = _decimal(line)
    if not isinstance(found, int) or found < 0:
        raise ForbiddenError("a memo entry whose number is written oddly")
    return found


def _put_fixed(size: int) -> Step:
    def step(m: Machine) -> None:
        m.keep(m.number(size))

    return step


def _get_fixed(size: int) -> Step:
    def step(m: Machine) -> None:
        m.recall(m.number(size))

    return step


def _memoize(m: Machine) -> None:
    m.keep(len(m.memo))


def _global(m: Machine) -> None:
    m.stack.append(m.named(_name_line(m), _name_line(m)))


def _name_line(m: Machine) -> str:
    try:
        return m.line().decode("utf-8")
    except UnicodeDecodeError:
        m.malformed("a name that is no UTF-8")


def _stack_global(m: Machine) -> None:
    name, module = m.pop(), m.pop()
    m.stack.append(m.named(module, name))


def _inst(m: Machine) -> None:
    what = m.named(_name_line(m), _name_line(m))
    args = tuple(m.to_mark())
    m.stack.append(called(what, args))


def _obj(m: Machine) -> None:
    items = m.to_mark()
    if not items:
        m.malformed("an object of no class")
    m.stack.append(called(items[0], tuple(items[1:])))


def _call(m: Machine) -> None:
    args, what = m.pop(), m.pop()
    m.stack.append(called(what, args))


def _call_named(m: Machine) -> None:
    named, args, what = m.pop(), m.pop(), m.pop()
    empty = isinstance(named, Fields) and named.whole and not named.known
    made = called(what, args)
    if not empty and not (isinstance(made, Made) and made.of.free):
        raise ForbiddenError("a call with arguments by name")
    m.stack.append(made)


def _persistent(m: Machine) -> None:
    """An id of something outside the pickle; torch's are the names of tensors beside it, and nobody else loads one."""
    told = m.pop()
    if m.report.storage is None:
        m.malformed(_PERSISTENT)
    if not m.report.storage(told):
        raise ForbiddenError(_PERSISTENT)
    m.stack.append(OPAQUE)


def _persistent_line(m: Machine) -> None:
    m.line()
    m.malformed(_PERSISTENT)


def _buffer(m: Machine) -> None:
    m.malformed("a buffer from outside the file, which nobody hands in")


def _extension(_: Machine) -> None:
    raise ForbiddenError("an extension code, which takes a global from a registry outside the file")


_TRUE, _FALSE = (_value(bool(number)) for number in (1, 0))

_BY_NAME: Mapping[bytes, Step] = {
    b"\x80": _proto, b"\x95": _frame, b".": _stop, b"(": Machine.mark, b"0": _pop, b"1": _pop_mark,
    b"2": lambda m: m.again(m.top()),
    b"N": _value(None), b"\x88": _TRUE, b"\x89": _FALSE,
    b"I": _int_line, b"L": _int_line, b"J": _fixed(4, signed=True), b"K": _fixed(1, signed=False),
    b"M": _fixed(2, signed=False), b"\x8a": _long(1), b"\x8b": _long(4), b"F": _skipped_line, b"G": _float,
    b"V": _text_line, b"X": _text(4), b"\x8c": _text(1), b"\x8d": _text(8),
    b"S": _skipped_line, b"T": _skipped(4, OPAQUE), b"U": _skipped(1, OPAQUE),
    b"B": _skipped(4, BYTES), b"C": _skipped(1, BYTES), b"\x8e": _skipped(8, BYTES), b"\x96": _skipped(8, BYTES),
    b")": _value(()), b"t": _tuple_to_mark, b"\x85": _tuple(1), b"\x86": _tuple(2), b"\x87": _tuple(3),
    b"]": _value(LIST), b"l": _to_mark(LIST), b"a": _append, b"e": _appends,
    b"}": lambda m: m.stack.append(Fields()), b"d": _dict, b"s": _set_item, b"u": _set_items,
    b"\x8f": _value(SET), b"\x90": _add, b"\x91": _to_mark(SET),
    b"p": _put_line, b"q": _put_fixed(1), b"r": _put_fixed(4), b"\x94": _memoize,
    b"g": _get_line, b"h": _get_fixed(1), b"j": _get_fixed(4),
    b"c": _global, b"\x93": _stack_global, b"i": _inst, b"o": _obj, b"R": _call, b"\x81": _call, b"\x92": _call_named,
    b"Q": _persistent, b"P": _persistent_line,
    b"\x82": _extension, b"\x83": _extension, b"\x84": _extension, b"\x97": _buffer, b"\x98": _buffer,
}  # fmt: skip

# BUILD is the walker's own: behind it joblib's arrays begin.
OPCODES: Mapping[int, Step] = {code[0]: step for code, step in _BY_NAME.items()}
