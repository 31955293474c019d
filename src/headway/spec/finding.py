"""A finding: how Headway talks about a wish that is wrong.  It judges nothing itself."""

from enum import StrEnum

import msgspec

__all__ = ["Finding", "Place", "Severity", "error", "warning"]


class Severity(StrEnum):
    """How much a finding weighs: an error stops its model, a warning is shown."""

    ERROR = "error"
    WARNING = "warning"


class Place(msgspec.Struct, frozen=True, kw_only=True, order=True, gc=False):
    """Where in the repository; line and column count from 1, 0 means the whole file."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong: what in a phrase, why in sentences, and what to do."""

    code: str
    what: str
    why: str
    do: str
    place: Place
    severity: Severity = Severity.ERROR


def error(code: str, what: str, place: Place, *, why: str, do: str) -> Finding:
    """A finding that stops its document."""
    return Finding(code=code, what=what, why=why, do=do, place=place)


def warning(code: str, what: str, place: Place, *, why: str, do: str) -> Finding:
    """A finding that is shown and stops nothing."""
    return Finding(code=code, what=what, why=why, do=do, place=place, severity=Severity.WARNING)
