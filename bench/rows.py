"""What the programs of this folder share: a row of the table of performance, CPU time, and printing."""

import json
import resource
import sys
from collections.abc import Callable, Sequence
from statistics import median

from msgspec import Struct, to_builtins

__all__ = ["Row", "cost", "cpu", "show"]


class Row(Struct, frozen=True, kw_only=True):
    """One claim: what is measured, what it may take, what it took (`unit` of both); `how` says what was counted."""

    what: str
    unit: str
    budget: float
    measured: float
    how: str

    @property
    def met(self) -> bool:
        """Is it within its budget?"""
        return self.measured <= self.budget


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
        print(f"{row.what}: {row.measured:.4g} {row.unit} (budget {row.budget:g}{verdict})\n  {row.how}")
