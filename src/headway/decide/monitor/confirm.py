"""When a limit that was passed becomes an alarm, and when the alarm ends: by several windows, not by one."""

from collections.abc import Sequence

from headway.evidence.verdict import Answer, Verdict

__all__ = ["OF", "PASSED", "WINDOWS", "confirmed", "passed_limit"]

# Two of the last three: measured, it takes false alarms from 520 to 50 in 10,000 quiet windows and costs a window of
# delay (drift chapter, 3.1).
WINDOWS = 2
OF = 3
# The name in a verdict's numbers that says whether this one window passed its limit.
PASSED = "passed its limit"


def confirmed(history: Sequence[bool], *, now: bool) -> Answer:
    """Fail (alarm) when two of the last three windows passed the limit, pass when none did, else undecided.

    Undecided neither raises nor clears an alarm.

    >>> [str(confirmed(history, now=True)) for history in ([], [True], [True, False, False])]
    ['undecided', 'fail', 'undecided']
    """
    count = sum([*history, now][-OF:])
    if count >= WINDOWS:
        return Answer.FAIL
    return Answer.UNDECIDED if count else Answer.PASS


def passed_limit(verdict: Verdict) -> bool:
    """Did this one window pass its limit?  This, not the answer, is what the next window's history holds."""
    return verdict.numbers.get(PASSED, 0.0) > 0.0
