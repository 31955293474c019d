"""Safety where errors come in bursts: how often a candidate at the margin gets through, and how soon an equal one."""

import math
from functools import partial
from unittest.mock import patch

import numpy as np
from bench.decisions import ours
from bench.decisions.first import Firsts, at_most, deviations, share
from bench.decisions.rules import times_run
from bench.decisions.section import Found, Section
from bench.decisions.tables import Table, level, said, verdict, window
from bench.decisions.traffic import Scenario, simulate
from bench.rows import Row
from msgspec import Struct

from headway.evidence.window import Past
from headway.spec.guardrail import ErrorGuardrail
from headway.spec.rollout import Rollout as Wish
from headway.stats import between

__all__ = ["WORLDS", "Bursts", "section", "through"]

WEIGHT = 5.0
WISH = Wish(stages=(WEIGHT,))
PROMOTE = WISH.wrong_at_most.promote
ERRORS = ErrorGuardrail()
# A run is long enough for so many bursts of a candidate at the margin, and has some windows in any case.
BURSTS, FEWEST, MOST = 100.0, 60, 1200


class Bursts(Struct, frozen=True, kw_only=True):
    """The candidate's requests in a window, the stable version's error rate, and how many errors come together."""

    of: int
    base: float
    burst: int

    @property
    def name(self) -> str:
        """As the table has it."""
        return f"{self.of}, {level(self.base)}, {self.burst}"

    @property
    def margin(self) -> float:
        """The least rate that is not safe: the wider of the guardrail's two lines."""
        return max(ERRORS.worse_by_at_most * self.base, self.base + ERRORS.floor)

    @property
    def a_window(self) -> float:
        """Bursts that a candidate at the margin has in a window."""
        return self.of * self.margin / self.burst

    @property
    def windows(self) -> int:
        """How long a run is."""
        return int(min(MOST, max(FEWEST, BURSTS / self.a_window)))


WORLDS = (
    Bursts(of=600, base=0.01, burst=10),
    Bursts(of=200, base=0.01, burst=5),
    Bursts(of=60, base=0.01, burst=10),
    Bursts(of=600, base=0.001, burst=20),
    Bursts(of=600, base=0.05, burst=10),
)


def through(world: Bursts, runs: int, seed: int, *, equal: bool, limited: bool = True) -> Firsts:
    """When the guardrail lets a candidate through that is equal, or lies just at its margin.

    With `limited` unset as if bursts that did not come were evidence without a limit (`stats.between.A_BURST`).
    """
    scenario = Scenario(
        per_window=round(world.of * 100.0 / WEIGHT),
        windows=world.windows,
        weights=(WEIGHT,),
        base=world.base,
        lift=1.0 if equal else world.margin / world.base,
        burst=world.burst,
    )
    seen, found = simulate(scenario, runs, seed), []
    with patch.object(between, "A_BURST", between.A_BURST if limited else math.inf):
        for run in range(runs):
            errors = int(seen.before[1][run])
            before = Past(starts=seen.before[0], errors=errors, spread={"errors": float(world.burst)})
            windows = ours.windows_of(seen, run, (WEIGHT,) * world.windows)
            found.append(ours.spoke(ours.watched(WISH, before, windows), until="safe")[1])
    return np.array(found)


def section(part: float) -> Section:
    """500 runs of each candidate at the margin, 100 of each equal one."""
    jobs = {}
    many, some = times_run(500, part), times_run(100, part)
    for seed, world in enumerate(WORLDS, 800):
        jobs[f"{world.name} limited"] = partial(through, world, many, seed, equal=False)
        jobs[f"{world.name} free"] = partial(through, world, many, seed, equal=False, limited=False)
        jobs[f"{world.name} equal"] = partial(through, world, some, seed, equal=True)
    return Section(jobs=jobs, write=_written)


def _written(found: Found) -> tuple[tuple[Table, ...], tuple[Row, ...]]:
    table = Table(
        title="Safety between windows: candidates at the margin that get through",
        text=f"Errors come in bursts, and the guardrail `errors` is judged between windows; asked for is"
        f" {level(PROMOTE)}. Runs are long enough for {BURSTS:g} bursts of the candidate, but for {MOST:,} windows at"
        " most. Evidence of safety is limited by the bursts that would have come: without that limit, windows without"
        " any do not differ, and the rule would take that for certainty.",
        head=("requests, errors, bursts of", "bursts a window", "let through", "without the limit", "windows, equal"),
        rows=tuple(
            (
                world.name,
                f"{world.a_window:.2g}",
                verdict(found[f"{world.name} limited"], PROMOTE),
                said(found[f"{world.name} free"]),
                window(found[f"{world.name} equal"]),
            )
            for world in WORLDS
        ),
        below="The last column: the median window in which an equal candidate is let through.",
    )
    worst = max((found[f"{world.name} limited"] for world in WORLDS), key=lambda each: deviations([each], PROMOTE))
    claim = Row(
        what="candidates at the margin promoted, errors in bursts",
        unit="%",
        budget=at_most(PROMOTE, len(worst)),
        measured=100.0 * share(worst),
        how=f"worst of {len(WORLDS)} cells, stated {level(PROMOTE)}, {len(worst)} runs",
    )
    return (table,), (claim,)
