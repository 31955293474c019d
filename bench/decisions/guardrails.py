"""Two guardrails that share one level: what becomes of good, bad, slow and long-tailed canaries."""

from functools import partial

import numpy as np
from bench.decisions import ours, slowness
from bench.decisions.first import NEVER, Firsts, at_most, median_of, share
from bench.decisions.latency import windows_of
from bench.decisions.peers import argo
from bench.decisions.rules import times_run
from bench.decisions.section import Found, Section
from bench.decisions.slowness import World
from bench.decisions.tables import Table, level, percent
from bench.decisions.traffic import HIGH, HISTORY, Scenario, simulate
from bench.rows import Row
from msgspec import Struct, structs

from headway.evidence.window import Past
from headway.spec.guardrail import ErrorGuardrail, LatencyGuardrail
from headway.spec.rollout import Rollout as Wish

__all__ = ["CASES", "Case", "Ended", "outcomes", "section", "wish"]

BASE, WINDOWS, WEIGHT = 0.01, 60, 5.0
P99 = LatencyGuardrail(latency="p99")
STRICT = structs.replace(P99, tolerate=1.02, tolerate_floor=0.0)


def wish(latency: LatencyGuardrail) -> Wish:
    """Errors at their defaults and this latency; one stage, so that windows are alike."""
    return Wish(stages=(WEIGHT,), guardrails=(ErrorGuardrail(), latency))


ABORT = wish(P99).wrong_at_most.abort


class Case(Struct, frozen=True, kw_only=True):
    """A canary: how many times the errors, how much slower, how much longer its slowest hundredth takes; our wish."""

    lift: float = 1.0
    slower: float = 1.0
    tail: float = 1.0
    wish: Wish = wish(P99)


EQUAL, TAIL = "equal", "slowest hundredth takes 3x"
TOLERATED, SLIGHTLY, SLOW, SLOWER = (f"{more} % slower, `tolerate: {STRICT.tolerate:g}x`" for more in (2, 5, 10, 20))
CASES = {
    "errors 3x": Case(lift=3.0),
    "errors 2x": Case(lift=2.0),
    "errors 1.5x (the margin)": Case(lift=1.5),
    EQUAL: Case(),
    "10 % slower": Case(slower=1.1),
    "50 % slower": Case(slower=1.5),
    TAIL: Case(tail=3.0),
    TOLERATED: Case(slower=STRICT.tolerate, wish=wish(STRICT)),
    SLIGHTLY: Case(slower=1.05, wish=wish(STRICT)),
    SLOW: Case(slower=1.1, wish=wish(STRICT)),
    SLOWER: Case(slower=1.2, wish=wish(STRICT)),
}
# What is promised of the median window.
ABORTED = {"errors 3x": 2.0, "errors 2x": 5.0, "errors 1.5x (the margin)": 22.0, SLOW: 4.0}
PROMOTED = {EQUAL: 6.0}


class Ended(Struct, frozen=True, kw_only=True, eq=False):
    """When a canary was aborted or promoted, never where the other came first; when harm was shown in any case."""

    aborted: Firsts
    promoted: Firsts
    harm: Firsts


def outcomes(case: Case, runs: int, seed: int) -> Ended:
    """Runs of one canary; the evidence goes on after a promotion, to see when it would have shown harm."""
    errors = simulate(Scenario(base=BASE, lift=case.lift, windows=WINDOWS), runs, seed)
    times = slowness.simulate(World(windows=WINDOWS, slower=case.slower, tail=case.tail), runs, seed)
    found = []
    for run in range(runs):
        before = Past(starts=errors.before[0], errors=int(errors.before[1][run]))
        failed = ours.windows_of(errors, run, (WEIGHT,) * WINDOWS)
        windows = (
            structs.replace(
                slow,
                candidate=structs.replace(slow.candidate, errors=window.candidate.errors),
                control=structs.replace(slow.control, errors=window.control.errors),
            )
            for slow, window in zip(windows_of(times, run, WEIGHT), failed, strict=True)
        )
        found.append(
            ours.spoke(ours.watched(case.wish, before, windows), until="harm" if case.slower > 1.0 else "either")
        )
    harm, safe = np.array(found).T
    # Both in one window: harm is asked first, as in `decide`.
    return Ended(
        aborted=np.where(harm <= safe, harm, NEVER), promoted=np.where(safe < harm, safe, NEVER), harm=harm
    )  # fmt: skip


def argo_at_3x(runs: int, seed: int) -> Firsts:
    """The commonest setting of Argo Rollouts in the same traffic."""
    seen = simulate(Scenario(base=BASE, lift=3.0, windows=WINDOWS), runs, seed)
    return argo.aborts(seen.bad / seen.of, 2.0 * BASE, 3)


def section(part: float) -> Section:
    """1,000 runs of each canary."""
    runs = times_run(1000, part)
    jobs = {name: partial(outcomes, case, runs, 400 + at) for at, (name, case) in enumerate(CASES.items())}
    return Section(jobs={**jobs, "argo": partial(argo_at_3x, runs, 400)}, write=_written)


def _exposed(ended: Firsts) -> float:
    return float(np.minimum(ended, WINDOWS).mean()) * WEIGHT / WINDOWS / 100.0


def _window(firsts: Firsts) -> str:
    found = firsts[np.isfinite(firsts)]
    return f"{median_of(found):.0f}" if found.size else "-"


def _written(found: Found) -> tuple[tuple[Table, ...], tuple[Row, ...]]:
    rows = []
    for name in CASES:
        ended = found[name]
        rows.append((
            name,
            percent(share(ended.aborted)),
            _window(ended.aborted),
            percent(share(ended.promoted)),
            _window(ended.promoted),
            _window(ended.harm),
        ))  # fmt: skip
    theirs, mine = _exposed(found["argo"]), _exposed(found["errors 3x"].aborted)
    table = Table(
        title="Two guardrails that share one level",
        text=f"`errors` and `latency: p99` share {level(ABORT)} of false aborts; {HIGH * WEIGHT / 100:g} canary"
        f" requests a window, {level(BASE)} errors, {HISTORY} windows of the stable version known, at most {WINDOWS}"
        " windows, one stage. Windows are medians of the runs that ended so. The last column goes on after a"
        " promotion.",
        head=("canary", "aborted", "window", "promoted", "window", "harm shown in window"),
        rows=tuple(rows),
        below=f"At 3x users met the bad canary with {100 * mine:.2f} % of the requests of the hour; under Argo Rollouts"
        f" (below 2x, failureLimit 3) with {100 * theirs:.2f} %. {BELOW}",
    )
    claims = [
        *(_median(f"windows to abort, {name}", most, found[name].harm) for name, most in ABORTED.items()),
        *(_median(f"windows to promote, {name}", most, found[name].promoted) for name, most in PROMOTED.items()),
        Row(
            what=f"canaries aborted that take {STRICT.tolerate:g}x, where that is tolerated",
            unit="%",
            budget=at_most(ABORT, len(found[TOLERATED].aborted)),
            measured=100.0 * share(found[TOLERATED].aborted),
            how=f"stated {level(ABORT)}, {len(found[TOLERATED].aborted)} runs",
        ),
        Row(
            what="canaries promoted whose slowest hundredth takes 3x",
            unit="%",
            budget=0.0,
            measured=100.0 * share(found[TAIL].promoted),
            how=f"{len(found[TAIL].promoted)} runs; {percent(share(found[TAIL].aborted))} aborted",
        ),
        Row(
            what="users met by a canary with 3x the errors, as a part of Argo's",
            unit="x",
            budget=0.5,
            measured=mine / theirs,
            how=f"{100 * mine:.2f} % of the requests of the hour against {100 * theirs:.2f} %",
        ),
    ]
    return (table,), tuple(claims)


def _median(what: str, most: float, firsts: Firsts) -> Row:
    middle = median_of(firsts)
    return Row(
        what=what,
        unit="windows",
        budget=most,
        measured=middle if middle < NEVER else None,
        how=f"median of {len(firsts)} runs, two guardrails share {level(ABORT)}",
    )


BELOW = (
    f"At its default latency tolerates {P99.tolerate:g}x, which is its margin too: a canary that is 10 % slower is good"
    " enough. With less the harm of it is shown; what takes longer than is tolerated and less than the margin is bad"
    " enough to be aborted and good enough to be promoted, by what is shown first."
)
