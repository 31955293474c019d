"""Runs every program that has budgets and writes docs/reference/performance.md: `python bench/all.py`.

Each runs in a process of its own, one after the other; rollout_simulation.py and server.py print tables of their own.
Numbers in documents come from here alone.
"""

import os
import platform
import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from rows import Row

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "docs" / "reference" / "performance.md"
PROGRAMS = ("start_up.py", "step.py", "pass_200.py", "history_1000.py", "weight_change.py", "verify_10000.py")
MOST_S = 1800
HEAD = """\
# What it costs

Written by `python bench/all.py`; the programs say at their top what is real in them. CPU is user and system time of
a process and its children, which other work on the machine disturbs little; wall clock is as good as the load says.

{machine}

| what | budget | measured | counted | program |
|---|---|---|---|---|
"""


def machine() -> str:
    """The machine, its Python, the day, and how busy it was."""
    names = [line.partition(":")[2].strip() for line in _text("/proc/cpuinfo").splitlines() if "model name" in line]
    cores = len(os.sched_getaffinity(0))
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return (
        f"{cores} cores of {names[0] if names else platform.machine()}, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, {datetime.now(UTC):%Y-%m-%d}; load before the first program (1, 5, 15 "
        f"minutes): {load}."
    )


def _text(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""


def rows(program: str, environ: Mapping[str, str]) -> list[Row]:
    """What a program measured."""
    print(f"{program} ...", flush=True)
    command = [sys.executable, str(HERE / program), "--json"]
    done = subprocess.run(command, env=environ, check=True, stdout=subprocess.PIPE, timeout=MOST_S)
    return msgspec.json.decode(done.stdout.splitlines()[-1], type=list[Row])


def lines() -> Iterator[str]:
    """The table's rows."""
    for program in PROGRAMS:
        for row in rows(program, os.environ):
            number = f"{row.measured:.3g} {row.unit}".strip()
            shown = number if row.met else f"**{number}, missed**"
            yield f"| {row.what} | {row.budget:g} {row.unit} | {shown} | {row.how} | `{program}` |"


def main() -> None:
    """Run all, then write the page."""
    told = machine()
    PAGE.write_text(HEAD.format(machine=told) + "\n".join(lines()) + "\n")
    print(PAGE)


if __name__ == "__main__":
    main()
