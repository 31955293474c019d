"""Runs every program that has budgets and writes docs/reference/performance.md: `python bench/all.py [PROGRAM ...]`.

Each runs in a process of its own, one after the other; with names, the other programs' rows stay as they are.
`serving` and `decisions` (python -m bench.serving, bench.decisions) write pages of their own beside their rows.
Numbers in documents come from here alone.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec

from rows import Row, machine, text

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "docs" / "reference" / "performance.md"
PROGRAMS = (
    "start_up.py",
    "check_1000.py",
    "step.py",
    "pass_200.py",
    "history_1000.py",
    "weight_change.py",
    "verify_10000.py",
    "serving",
    "counting.py",
    "bound_call.py",
    "decisions",
)
MOST_S = 1800
HEAD = """\
# What it costs

Written by `python bench/all.py`; the programs say at their top what is real in them. CPU is user and system time of
a process and its children, which other work on the machine disturbs little; wall clock is only as
good as the load (how many processes wanted to run in the minute before) is small.

The model server beside others: [what a served prediction costs](serving-performance.md). Rollouts beside others: [how
often they decide wrongly](decisions-performance.md).

{machine}

| what | budget | measured | counted | load | program |
|---|---|---|---|---|---|
"""


def rows(program: str, environ: Mapping[str, str]) -> list[Row]:
    """What a program measured."""
    print(f"{program} ...", flush=True)
    started = [str(HERE / program)] if program.endswith(".py") else ["-m", f"bench.{program}"]
    command = [sys.executable, *started, "--json"]
    # A session of its own, so that its helpers end with one that takes too long.
    running = subprocess.Popen(command, env=environ, cwd=HERE.parent, stdout=subprocess.PIPE, start_new_session=True)
    try:
        told, _ = running.communicate(timeout=MOST_S)
    except BaseException:
        os.killpg(running.pid, signal.SIGKILL)
        raise
    if running.returncode:
        raise SystemExit(f"{program} ended with {running.returncode}")
    return msgspec.json.decode(told.splitlines()[-1], type=list[Row])


def lines(program: str) -> list[str]:
    """The table's rows of a program; the load is that of the minute before it."""
    load = os.getloadavg()[0]
    return [
        f"| {row.what} | {row.bound} | {row.marked} | {row.how} | {load:.0f} | `{program}` |"
        for row in rows(program, os.environ)
    ]


def kept(program: str) -> list[str]:
    """The rows of a program that the page holds already."""
    return [line for line in text(str(PAGE)).splitlines() if line.endswith(f"| `{program}` |")]


def main() -> None:
    """Run what is asked for, and write the page after each, so that no number is lost."""
    table = {program: kept(program) for program in PROGRAMS}
    for program in sys.argv[1:] or PROGRAMS:
        table[program] = lines(program)
        every = [line for found in table.values() for line in found]
        PAGE.write_text(HEAD.format(machine=machine()) + "\n".join(every) + "\n")
    print(PAGE)


if __name__ == "__main__":
    main()
