"""The state of a pickle machine that runs on shadows: stack, memo, frames.  It reads opcodes and loads nothing.

Follows CPython's `pickle._Unpickler` and `_pickle.c`; where the two differ, what only one of them takes is refused.
"""

from typing import NoReturn

from headway.evidence.scan.allowed import use_of
from headway.evidence.scan.fault import ForbiddenError, MalformedError
from headway.evidence.scan.report import MOST_NAME, Report
from headway.evidence.scan.shadow import Global, Made, Shadow

__all__ = ["Machine"]

# The real memo is an array: an entry of a high number fills the memory of whoever loads it.
MOST_MEMO = 10_000_000
MOST_MARKS = 10_000


class Machine:
    """One pickle from `place` on.  With `arrays`, joblib's raw arrays stand behind their wrappers."""

    def __init__(self, data: bytes, place: int, report: Report, *, arrays: bool) -> None:
        self.data = data
        self.place = place
        self.report = report
        self.arrays = arrays
        self.frame_end = 0
        self.stack: list[Shadow] = []
        self.below: list[list[Shadow]] = []
        self.memo: dict[int, Shadow] = {}
        self.stopped = False

    def take(self, count: int) -> bytes:
        """The next bytes."""
        start = self.skip(count)
        return self.data[start : self.place]

    def skip(self, count: int) -> int:
        """Step over bytes; where they begin."""
        start = self.place
        if start + count > len(self.data):
            self.malformed("it ends inside an opcode")
        self.place = start + count
        return start

    def number(self, size: int) -> int:
        """The next bytes as an unsigned number, least byte first."""
        return int.from_bytes(self.take(size), "little")

    def line(self) -> bytes:
        """What stands before the next end of line."""
        end = self.data.find(b"\n", self.place)
        if end < 0:
            self.malformed("a line without an end")
        start, self.place = self.place, end + 1
        return self.data[start:end]

    def pop(self) -> Shadow:
        """Take the top of the stack."""
        if not self.stack:
            self.malformed("the stack is empty")
        return self.stack.pop()

    def top(self) -> Shadow:
        """Look at the top of the stack."""
        if not self.stack:
            self.malformed("the stack is empty")
        return self.stack[-1]

    def mark(self) -> None:
        """Begin a new stack above this one."""
        if len(self.below) >= MOST_MARKS:
            raise ForbiddenError(f"more than {MOST_MARKS:,} values inside each other")
        self.below.append(self.stack)
        self.stack = []

    def to_mark(self) -> list[Shadow]:
        """Take everything above the last mark."""
        if not self.below:
            self.malformed("there is no mark")
        items, self.stack = self.stack, self.below.pop()
        return items

    def keep(self, number: int) -> None:
        """Put the top of the stack into the memo."""
        if number > MOST_MEMO:
            raise ForbiddenError(f"a memo entry of a number above {MOST_MEMO:,}")
        self.memo[number] = self.top()

    def recall(self, number: int) -> None:
        """Push an entry of the memo."""
        if number not in self.memo:
            self.malformed("a memo entry that was never made")
        self.again(self.memo[number])

    def again(self, value: Shadow) -> None:
        """Push what stands elsewhere already.

        A numpy type that gets its state after an array was made with it would turn that array's numbers into objects.
        """
        if isinstance(value, Made) and value.args and not value.states:
            raise ForbiddenError("a numpy type is used before it has its state")
        self.stack.append(value)

    def named(self, module: object, name: object) -> Global:
        """A global by its name, noted; ForbiddenError when its name is computed or leads through another."""
        if not isinstance(module, str) or not isinstance(name, str):
            raise ForbiddenError("a global whose name is computed")
        if not plain(module, name):
            raise ForbiddenError(f"{f'{module}:{name}'[:MOST_NAME]!a} is no plain name of a global")
        full = f"{module}:{name}"
        self.report.met(full)
        allowed = full in self.report.allow
        use = None if allowed else use_of(module, name)
        if use is None and not allowed:
            self.report.refuse_global(full)
        return Global(full, use, free=use is None)

    def malformed(self, why: str) -> NoReturn:
        """Give up where every loader would."""
        raise MalformedError(f"{why} (byte {self.place})")


def plain(module: str, name: str) -> bool:
    """Is this the name of something at the top of a module?  A name with dots leads through one global into another.

    >>> plain("numpy.random", "seed"), plain("sklearn", "os.system"), plain("", "x")
    (True, False, False)
    """
    parts = (*module.split("."), name)
    return len(module) + len(name) < MOST_NAME and all(part.isidentifier() for part in parts)
