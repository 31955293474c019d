"""Measures rollout decisions beside others: `python -m bench.decisions [--part 1] [--processes 2]`.

Writes docs/reference/decisions-performance.md and prints the claims, with --json as `bench/all.py` reads them.  With
`--part 0.1` a tenth of the runs; with `--only NAME ...` some tables alone, printed and not written.
"""

import argparse
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from types import ModuleType
from typing import Any

from bench.decisions import assumptions, bursts, decider, error_rates, guardrails, latency, retries, thresholds
from bench.decisions.page import page
from bench.rows import machine, show

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "decisions-performance.md"
SECTIONS: Mapping[str, ModuleType] = {
    module.__name__.rpartition(".")[2]: module
    for module in (guardrails, error_rates, assumptions, bursts, latency, thresholds, retries, decider)
}


def main() -> None:
    """Simulate what is asked for."""
    asked = argparse.ArgumentParser(description="Measures rollout decisions beside others.")
    asked.add_argument("--part", type=float, default=1.0, help="of the usual number of runs")
    asked.add_argument("--processes", type=int, default=2)
    asked.add_argument("--only", nargs="*", choices=SECTIONS, metavar="NAME", help="some tables; writes no page")
    asked.add_argument("--json", action="store_true")
    told = asked.parse_args()
    begin = time.monotonic()
    chosen = {name: module.section(told.part) for name, module in SECTIONS.items() if name in (told.only or SECTIONS)}
    found = simulated(
        {(name, job): work for name, each in chosen.items() for job, work in each.jobs.items()}, told.processes
    )
    tables, rows = [], []
    for name, each in chosen.items():
        wrote, claims = each.write({job: answer for (of, job), answer in found.items() if of == name})
        tables += wrote
        rows += claims
    if told.only is None:
        PAGE.write_text(page(machine(), rows, tables, told.part, time.monotonic() - begin))
    elif not told.json:
        print("\n\n".join(table.markdown for table in tables), end="\n\n")
    show(rows)


def simulated(jobs: Mapping[tuple[str, str], Callable[[], Any]], processes: int) -> Mapping[tuple[str, str], Any]:
    """Every job's answer; each has its own seeds, so that neither order nor processes change one."""
    found = {}
    with ProcessPoolExecutor(processes) as pool:
        running = {pool.submit(work): key for key, work in jobs.items()}
        for done in as_completed(running):
            found[running[done]] = done.result()
            print(f"{len(found)}/{len(jobs)} {' '.join(running[done])}", file=sys.stderr, flush=True)
    return found


if __name__ == "__main__":
    main()
