"""What "success rate >= 99 %" decides: exact arithmetic of two peers beside our own rule (delivery chapter, 2.9)."""

from functools import partial

import numpy as np
from bench.decisions import ours
from bench.decisions.first import Firsts, at_most, share, standard_error
from bench.decisions.peers.flagger import promotes
from bench.decisions.rules import times_run
from bench.decisions.section import Found, Section
from bench.decisions.tables import Table, level, percent
from bench.decisions.traffic import Scenario, simulate
from bench.rows import Row
from scipy.stats import binom

from headway.evidence.window import Past
from headway.spec.rollout import Rollout as Wish

__all__ = ["argo_aborts", "fails", "section"]

CHECKS, ERRORS = 10, 0.01
SIZES = (50, 100, 200, 500, 1000)
# The stable version fails half of what is permitted, and 0.5 pp more is Headway's margin at its defaults: so the
# border that the peers' threshold draws at 1 % is ours too.
STABLE, EQUAL, BAD = 0.005, 1.0, 4.0
WISH = Wish(stages=(5.0,))
WINDOWS = round(WISH.deadline.after / WISH.window)


def fails(of: int, rate: float) -> float:
    """The chance that a check of so many requests has more errors than are permitted."""
    return float(binom.sf(int(ERRORS * of + 1e-9), of, rate))


def argo_aborts(of: int, rate: float, failure_limit: int) -> float:
    """The chance that more than `failureLimit` of ten checks fail."""
    return float(binom.sf(failure_limit, CHECKS, fails(of, rate)))


def rollout(of: int, lift: float, runs: int, seed: int) -> tuple[Firsts, Firsts]:
    """Our rule until its deadline: when it aborts, when it promotes; never where the other came first."""
    world = Scenario(per_window=round(of / 0.05), windows=WINDOWS, base=STABLE, lift=lift)
    seen = simulate(world, runs, seed)
    found = np.array([
        ours.spoke(
            ours.watched(
                WISH,
                Past(starts=seen.before[0], errors=int(seen.before[1][run])),
                ours.windows_of(seen, run, WISH.stages * WINDOWS),
            ),
            until="either",
        )
        for run in range(runs)
    ])  # fmt: skip
    return found[:, 0], found[:, 1]


def section(part: float) -> Section:
    """500 runs for each size and each canary."""
    jobs = {
        f"{of} {lift:g}": partial(rollout, of, lift, times_run(500, part), 300 + at)
        for at, (of, lift) in enumerate((of, lift) for of in SIZES for lift in (EQUAL, BAD))
    }
    return Section(jobs=jobs, write=_written)


def _written(found: Found) -> tuple[tuple[Table, ...], tuple[Row, ...]]:
    rows = []
    for of in SIZES:
        equal, bad = found[f"{of} {EQUAL:g}"], found[f"{of} {BAD:g}"]
        rows.append((
            str(of),
            " / ".join(percent(argo_aborts(of, rate, 0)) for rate in (0.002, 0.005)),
            " / ".join(percent(argo_aborts(of, rate, 3)) for rate in (0.015, 0.02)),
            " / ".join(percent(1.0 - promotes(fails(of, rate), 5, CHECKS)) for rate in (0.005, 0.02)),
            percent(promotes(fails(of, 0.02), 10, CHECKS)),
            " / ".join(percent(share(each)) for each in equal),
            " / ".join(percent(share(each)) for each in bad),
        ))  # fmt: skip
    most = WISH.wrong_at_most
    runs = len(found[f"{SIZES[0]} {BAD:g}"][0])
    table = Table(
        title="A threshold of 99 %: what ten checks decide",
        text="Exact binomial arithmetic for Argo Rollouts and Flagger with the commonest template, `success rate >="
        " 99 %`, ten checks of so many canary requests. Headway's guardrail `errors` at its defaults, beside a stable"
        " version that fails 0.5 %, draws the same border at 1 %; it has as many windows as its deadline allows"
        f" ({WINDOWS}), at 5 %.",
        head=(
            "requests a check",
            "Argo, failureLimit 0: aborts at 0.2 % / 0.5 %",
            "Argo, failureLimit 3: aborts at 1.5 % / 2 %",
            "Flagger, threshold 5: rolls back at 0.5 % / 2 %",
            "Flagger, threshold 10: **promotes** at 2 %",
            "**Headway** at 0.5 %: aborts / promotes",
            "**Headway** at 2 %: aborts / promotes",
        ),
        rows=tuple(rows),
        below=f"What is missing to 100 % was undecided at the deadline, and went back to the stable version. {runs}"
        f" runs: standard error of 1 % {percent(standard_error(most.abort, runs))}, of 5 %"
        f" {percent(standard_error(most.promote, runs))}.",
    )
    wrong = {
        "aborted when equal": (max(share(found[f"{of} {EQUAL:g}"][0]) for of in SIZES), most.abort),
        "promoted at four times the errors": (max(share(found[f"{of} {BAD:g}"][1]) for of in SIZES), most.promote),
    }
    claims = tuple(
        Row(
            what=f"canaries {what}, beside a threshold of 99 %",
            unit="%",
            budget=at_most(stated, runs),
            measured=100.0 * worst,
            how=f"worst of {len(SIZES)} volumes of traffic, {runs} runs each, stated {level(stated)}",
        )
        for what, (worst, stated) in wrong.items()
    )
    return (table,), claims
