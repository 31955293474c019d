"""Times in which nothing goes toward a candidate: every week between two hours, or once between two dates.  All UTC."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from msgspec import Struct

__all__ = ["Freeze", "fault_of", "frozen"]

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WEEKLY = re.compile(rf"({'|'.join(DAYS)}) (\d\d):(\d\d)")
_DATE = "%Y-%m-%d %H:%M"
_MINUTES = 60
_DAY = 24 * 60
_WEEK = 7 * _DAY


class Freeze(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A time in which no rollout starts, rises or is promoted.

    Attributes:
        begin: When it begins, in UTC, every week (`fri 16:00`) or once (`2026-12-20 00:00`).
        end: When it ends, written the same way.
    """

    begin: str
    end: str


def fault_of(freeze: Freeze) -> str:
    """Why this is no time; empty when it is one.

    >>> fault_of(Freeze(begin="fri 16:00", end="mon 08:00"))
    ''
    >>> fault_of(Freeze(begin="fri 16:00", end="2026-12-20 00:00"))
    '`begin` is a time of the week and `end` is a date'
    """
    for name, text in (("begin", freeze.begin), ("end", freeze.end)):
        if _weekly(text) is None and _date(text) is None:
            return f"`{name}: {text}` is neither like `fri 16:00` nor like `2026-12-20 00:00`"
    weekly = [_weekly(text) is not None for text in (freeze.begin, freeze.end)]
    if weekly[0] != weekly[1]:
        kinds = ["a time of the week" if one else "a date" for one in weekly]
        return f"`begin` is {kinds[0]} and `end` is {kinds[1]}"
    begin, end = _date(freeze.begin), _date(freeze.end)
    if begin and end and begin >= end:
        return "it ends before it begins"
    return "it begins and ends at the same time of the week" if freeze.begin == freeze.end else ""


def frozen(freezes: Sequence[Freeze], now: float) -> str:
    """Until when it is frozen at `now` (Unix seconds), in words; empty when it is not.

    >>> weekend = [Freeze(begin="fri 16:00", end="mon 08:00")]
    >>> frozen(weekend, datetime(2026, 11, 28, 12, tzinfo=UTC).timestamp())
    'frozen until Mon 2026-11-30 08:00 UTC'
    >>> frozen(weekend, datetime(2026, 11, 30, 8, tzinfo=UTC).timestamp())
    ''
    """
    at = datetime.fromtimestamp(now, UTC)
    ends = [end for freeze in freezes if (end := _end(freeze, at))]
    return f"frozen until {max(ends):%a %Y-%m-%d %H:%M} UTC" if ends else ""


def _end(freeze: Freeze, at: datetime) -> datetime | None:
    begin, end = _weekly(freeze.begin), _weekly(freeze.end)
    if begin is not None and end is not None:
        minute = at.weekday() * _DAY + at.hour * _MINUTES + at.minute
        if (minute - begin) % _WEEK >= (end - begin) % _WEEK:
            return None
        return at.replace(second=0, microsecond=0) + timedelta(minutes=(end - minute) % _WEEK)
    first, last = _date(freeze.begin), _date(freeze.end)
    return last if first and last and first <= at < last else None


def _weekly(text: str) -> int | None:
    """Minutes since Monday began."""
    found = _WEEKLY.fullmatch(text.lower())
    if found is None or int(found[2]) > 23 or int(found[3]) > 59:
        return None
    return DAYS.index(found[1]) * _DAY + int(found[2]) * _MINUTES + int(found[3])


def _date(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, _DATE).replace(tzinfo=UTC)
    except ValueError:
        return None
