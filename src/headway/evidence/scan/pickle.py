"""Walks every pickle of a file, and tells its globals and all that is refused.  Nothing is ever loaded.

A file that holds joblib's arrays is walked twice, as joblib reads it and as plain `pickle.load` does: the bytes that
one skips as numbers the other takes for opcodes.
"""

from headway.evidence.scan.array_type import DTYPE, check_state
from headway.evidence.scan.fault import REWRITE, ForbiddenError, MalformedError
from headway.evidence.scan.machine import Machine
from headway.evidence.scan.opcodes import OPCODES
from headway.evidence.scan.raw_array import WRAPPER, padded, raw_size
from headway.evidence.scan.report import Report
from headway.evidence.scan.shadow import OPAQUE, Fields, Made, Shadow

__all__ = ["walk", "walk_one", "walk_plainly"]

_BUILD = ord("b")
# What these have as a pair is read by a method of their own.
_OWN_STATE = ("numpy.random.", "pandas._libs.arrays:", "pandas.core.arrays.", "pandas.arrays:")
_BY_JOBLIB = "Give it a name that ends in .joblib, so that nobody hands it to pickle.load, or write it with pickle.dump"


def walk(data: bytes, report: Report, *, arrays: bool = True) -> None:
    """Note what the pickles in these bytes hold; they must fill the bytes to the end."""
    try:
        place = walk_one(data, 0, report, arrays=arrays)
        while place < len(data):
            place = walk_one(data, place, report, arrays=arrays)
    except MalformedError as fault:
        report.refuse(f"it is no whole pickle: {fault}")
    except ForbiddenError as fault:
        report.refuse(str(fault), fault.cure)
    if report.wrapped:
        walk_plainly(data, report)


def walk_plainly(data: bytes, report: Report) -> None:
    """As `pickle.load` reads bytes that are no plain pickle: it stumbles, and must not have done harm until then."""
    plain = Report(report.allow)
    plain.by_joblib = report.by_joblib
    try:
        walk_one(data, 0, plain, arrays=False)
    except MalformedError:
        pass
    except ForbiddenError as fault:
        plain.refuse(str(fault), fault.cure)
    for what in plain.refused.keys() - report.refused.keys():
        report.refuse(f"{what}, when read as a plain pickle", _BY_JOBLIB if report.wrapped else REWRITE)


def walk_one(data: bytes, place: int, report: Report, *, arrays: bool) -> int:
    """Walk the pickle that begins at a place; where it ends."""
    m, size, done = Machine(data, place, report, arrays=arrays), len(data), 0
    while not m.stopped:
        begin = m.place
        if begin >= size:
            m.malformed("it ends without a STOP")
        m.place = begin + 1
        code = data[begin]
        if code == _BUILD:
            _build(m)
        elif code in OPCODES:
            OPCODES[code](m)
        else:
            m.malformed("an unknown opcode")
        if begin < m.frame_end < m.place:
            raise ForbiddenError("an opcode across the end of a frame")
        done += 1
        if not done % 1024:
            report.count(1024)
    report.count(done % 1024)
    return m.place


def _build(m: Machine) -> None:
    state, made = m.pop(), m.top()
    if not isinstance(made, Made):
        raise ForbiddenError("a state is given to something that was not made here")
    _check_slots(state, made)
    if made.of.name == WRAPPER:
        made.states.append(state)
        m.report.wrapped = True
        if m.arrays:
            _step_over(m, made)
        elif m.report.by_joblib and raw_size(made.states) is None:
            # Read plainly, the pickle of objects that follows would mix its memo with this one's; no file could pass.
            m.malformed("an array of objects, which joblib reads")
    elif made.of.name == DTYPE and not made.of.free:
        check_state(made, state)
        made.states.append(state)


def _check_slots(state: Shadow, made: Made) -> None:
    """A pair as a state sets attributes one by one, the class of the instance among them."""
    if not isinstance(state, tuple) or len(state) != 2:
        return
    slots = state[1]
    if isinstance(slots, Fields):
        if not slots.whole or any(name.startswith("__") for name in slots.known):
            raise ForbiddenError(f"the state of {made.of.name} sets attributes that cannot be told")
    elif isinstance(slots, Made) and not made.of.free and not made.of.name.startswith(_OWN_STATE):
        raise ForbiddenError(f"the state of {made.of.name} sets attributes that cannot be told")


def _step_over(m: Machine, wrapper: Made) -> None:
    """Go on behind the array that joblib wrote here."""
    if m.place < m.frame_end:
        raise ForbiddenError("a joblib array inside a frame")
    m.frame_end, m.stack[-1] = 0, OPAQUE
    size = raw_size(wrapper.states)
    if size is None:
        m.place = walk_one(m.data, m.place, m.report, arrays=False)
        return
    if padded(wrapper.states):
        m.skip(m.number(1))
    m.skip(size)
