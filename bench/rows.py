"""What the programs of this folder share: a row of the table of performance, CPU time, the machine, and printing."""

import json
import os
import platform
import resource
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from msgspec import Struct, to_builtins

__all__ = ["Row", "claims", "cost", "cpu", "machine", "show", "text"]


class Row(Struct, frozen=True, kw_only=True):
    """One claim: what is measured, what it may take, what it took (`unit` of both); `how` says what was counted.

    With `at_least` the budget is a lower bound.  What could not be measured is None, and misses.
    """

    what: str
    unit: str
    budget: float
    measured: float | None
    how: str
    at_least: bool = False

    @property
    def met(self) -> bool:
        """Is it within its budget?"""
        if self.measured is None:
            return False
        return self.measured >= self.budget if self.at_least else self.measured <= self.budget

    @property
    def bound(self) -> str:
        """The budget, as it is read."""
        return f"{'≥ ' if self.at_least else ''}{self.budget:g} {self.unit}".strip()

    @property
    def shown(self) -> str:
        """What was measured, as it is read."""
        return "not measured" if self.measured is None else f"{self.measured:.3g} {self.unit}".strip()

    @property
    def marked(self) -> str:
        """The same for a page, and whether it is too much."""
        return self.shown if self.met else f"**{self.shown}, missed**"


def claims(rows: Sequence[Row]) -> str:
    """The rows as the table of a page."""
    lines = ["| what | budget | measured | counted |", "|---|---|---|---|"]
    return "\n".join([*lines, *(f"| {row.what} | {row.bound} | {row.marked} | {row.how} |" for row in rows)])


def machine() -> str:
    """The machine, its Python, and the day."""
    names = [line.partition(":")[2].strip() for line in text("/proc/cpuinfo").splitlines() if "model name" in line]
    return (
        f"{len(os.sched_getaffinity(0))} cores of {names[0] if names else platform.machine()}, {platform.system()}, "
        f"Python {platform.python_version()}, {datetime.now(UTC):%Y-%m-%d}."
    )


def text(path: str) -> str:
    """A file's text; none when it cannot be read."""
    try:
        return Path(path).read_text()
    except OSError:
        return ""


def cpu() -> float:
    """Seconds of CPU of this process and of those that it has waited for."""
    whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(used.ru_utime + used.ru_stime for used in map(resource.getrusage, whose))


def cost(work: Callable[[], object], rounds: int) -> float:
    """The median CPU of a call, its child processes included."""
    found = []
    for _ in range(rounds):
        begin = cpu()
        work()
        found.append(cpu() - begin)
    return median(found)


def show(rows: Sequence[Row]) -> None:
    """Print the rows; with --json as the JSON that `bench/all.py` reads."""
    if "--json" in sys.argv:
        print(json.dumps(to_builtins(rows)))
        return
    for row in rows:
        verdict = "" if row.met else ", MISSED"
        print(f"{row.what}: {row.shown} (budget {row.bound}{verdict})\n  {row.how}")
