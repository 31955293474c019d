"""Latency: how often a harmless canary is aborted, and how soon a slow one (statistics chapter, 4.3)."""

from functools import partial

import numpy as np
from bench.decisions import ours
from bench.decisions.first import Firsts, at_most, deviations, share
from bench.decisions.peers import argo, fixed, kayenta, mixtures
from bench.decisions.rules import ALPHA, DAY, times_run
from bench.decisions.section import Found, Section
from bench.decisions.slowness import EDGES_MS, MEDIAN_MS, SIGMA, Arms, World, quantile, simulate
from bench.decisions.tables import Table, duration, level, said, verdict
from bench.decisions.traffic import HIGH, LOW
from bench.rows import Row
from numpy.typing import NDArray
from scipy.stats import norm

from headway.evidence.window import Arm, Past, Window
from headway.spec.guardrail import LatencyGuardrail
from headway.spec.rollout import Rollout as Wish

__all__ = ["section", "slower", "windows_of"]

Floats = NDArray[np.float64]
P95_MS = MEDIAN_MS * float(np.exp(SIGMA * norm.ppf(0.95)))
HARMLESS = {
    "200/s, 60 min": World(),
    "200/s, 24 h": World(windows=DAY),
    "10/s, 60 min": World(per_window=LOW),
    "10/s, 24 h": World(per_window=LOW, windows=DAY),
}
HARMFUL = {
    f"+{100 * (slower - 1):.0f} %, {name}": World(per_window=per_window, slower=slower)
    for name, per_window in (("200/s", HIGH), ("10/s", LOW))
    for slower in (1.1, 1.5)
}
STRICT = "Headway: guardrail `latency: p99`, `tolerate: 1`"
TOLERATES = LatencyGuardrail(latency="p99").tolerate
GUARDRAIL = f"**Headway: guardrail `latency: p99` at its defaults (tolerates {TOLERATES:g}x), 1 %**"


ABORT = Wish().wrong_at_most.abort
# What it tolerates -> the levels at which harm is asked for, and how each is called.
OURS = {
    1.0: {ALPHA: f"{STRICT}, {level(ALPHA)}", ABORT: f"{STRICT}, {level(ABORT)}"},
    TOLERATES: {ABORT: GUARDRAIL},
}


def peers(world: World, runs: int, seed: int) -> dict[str, Firsts]:
    """When each peer's rule speaks."""
    seen = simulate(world, runs, seed)
    p95 = quantile(seen.candidate, 0.95)
    together = _means(seen, world, np.random.default_rng([seed, 99]))
    z = together[0] / np.sqrt(together[1])
    judged = kayenta.judges(p95, quantile(seen.baseline, 0.95)) if world.windows < DAY else np.array([])
    return {
        **{
            f"Argo, p95 below {times:g}x, failureLimit {limit}": argo.aborts(p95, times * P95_MS, limit)
            for times, limit in ((1.2, 0), (1.2, 3), (1.5, 3))
        },
        "Kayenta on each window's p95, every 10 min": judged,
        "naive z on means": fixed.every_window(z, ALPHA),
        "asymptotic sequence on means, one-sided": mixtures.asymptotic(together, ALPHA, 0.25),
    }


def _means(seen: Arms, world: World, source: np.random.Generator) -> mixtures.Pooled:
    """Means since the start, from buckets: sums inside a bucket are normal around what the bucket expects."""
    found = []
    for arm, slower in ((seen.candidate, world.slower), (seen.control, 1.0)):
        first, second = _moments(slower)
        noise = source.standard_normal(arm.shape[:2]) * np.sqrt(np.maximum(arm @ (second - first**2), 0.0))
        n = arm.sum(axis=-1).cumsum(axis=1)
        mean = (arm @ first + noise).cumsum(axis=1) / n
        found.append((mean, ((arm @ second).cumsum(axis=1) / n - mean**2) / n, n))
    (mine, v, n), (theirs, u, m) = found
    return mine - theirs, v + u, n + m


def _moments(slower: float) -> tuple[Floats, Floats]:
    """The mean and the mean square of latencies in each bucket."""
    ends = np.log(np.array([1e-9, *EDGES_MS, 1e9]) / MEDIAN_MS / slower) / SIGMA
    chance = np.maximum(np.diff(norm.cdf(ends)), 1e-300)
    return tuple(  # type: ignore[return-value]
        (MEDIAN_MS * slower) ** power
        * np.exp((power * SIGMA) ** 2 / 2.0)
        * np.diff(norm.cdf(ends - power * SIGMA))
        / chance
        for power in (1, 2)
    )


def windows_of(seen: Arms, run: int, weight: float) -> list[Window]:
    """One run as the windows that an observer hands over."""
    arms = [_slower(arm[run]) for arm in (seen.candidate, seen.control)]
    return [
        Window(
            start=at * ours.MINUTE,
            end=(at + 1) * ours.MINUTE,
            weight=weight,
            edges_ms=EDGES_MS,
            candidate=Arm(starts=mine[0], slower=mine[1]),
            control=Arm(starts=theirs[0], slower=theirs[1]),
        )
        for at, (mine, theirs) in enumerate(zip(*arms, strict=True))
    ]


def _slower(arm: NDArray[np.int64]) -> list[tuple[int, tuple[int, ...]]]:
    beyond = arm[:, ::-1].cumsum(axis=1)[:, ::-1]
    return [(row[0], tuple(row[1:])) for row in beyond.tolist()]


def slower(tolerate: float, world: World, runs: int, seed: int) -> dict[str, Firsts]:
    """When our guardrail shows harm, looked at after every window; the same evidence for every level."""
    seen = simulate(world, runs, seed)
    wish = Wish(
        stages=(world.weight,), guardrails=(LatencyGuardrail(latency="p99", tolerate=tolerate, tolerate_floor=0.0),)
    )
    one = np.log(wish.wrong_at_most.abort)
    lines = [np.log(alpha) / one for alpha in OURS[tolerate]]
    played = (ours.watched(wish, Past(), iter(windows_of(seen, run, world.weight))) for run in range(runs))
    found = np.array([ours.reached(levels, lines) for levels in played])
    return dict(zip(OURS[tolerate].values(), found.T, strict=True))


def section(part: float) -> Section:
    """2,000 runs of the peers for an hour, 400 for a day; 500 and 80 of ours."""
    jobs = {}
    for seed, (name, world) in enumerate({**HARMLESS, **HARMFUL}.items()):
        many, some = (2000, 500) if world.windows < DAY else (400, 80)
        jobs[f"peers {name}"] = partial(peers, world, times_run(many, part), 200 + seed)
        for tolerate in OURS:
            jobs[f"{tolerate} {name}"] = partial(slower, tolerate, world, times_run(some, part), 200 + seed)
    return Section(jobs=jobs, write=_written)


def _written(found: Found) -> tuple[tuple[Table, ...], tuple[Row, ...]]:
    rules = list(found[f"peers {next(iter(HARMLESS))}"])
    rows = []
    for rule in rules:
        theirs = {name: found[f"peers {name}"][rule] for name in (*HARMLESS, *HARMFUL)}
        cells = [said(theirs[name]) if theirs[name].size else "-" for name in HARMLESS]
        rows.append((rule, *cells, *(duration(theirs[name], 60, 0.05) for name in HARMFUL)))
    mine = [(tolerate, alpha, title) for tolerate, levels in OURS.items() for alpha, title in levels.items()]
    for tolerate, alpha, title in mine:
        cells = [verdict(found[f"{tolerate} {name}"][title], alpha) for name in HARMLESS]
        rows.append((title, *cells, *(duration(found[f"{tolerate} {name}"][title], 60, 0.05) for name in HARMFUL)))
    table = Table(
        title="Latency: harmless and slow canaries",
        text="Log-normal, median 100 ms, sigma 0.5, counted by the edges that Headway gives Envoy; the peers read"
        " their p95 from the same buckets by `histogram_quantile`. First how often a harmless canary is aborted, then"
        " the median minute of the abort of one whose every request takes longer, and the share of the hour's requests"
        " that it answered.",
        head=("rule", *HARMLESS, *HARMFUL),
        rows=tuple(rows),
        below="What is tolerated is rounded up to the next edge, which is 2 to 10 % behind: Envoy keeps two digits of"
        " a latency. The guardrail's first window only teaches where the stable"
        " version's quantiles lie.",
    )
    worst, alpha = max(
        ((found[f"{tolerate} {name}"][title], alpha) for tolerate, alpha, title in mine for name in HARMLESS),
        key=lambda cell: deviations([cell[0]], cell[1]),
    )
    claim = Row(
        what="harmless canaries aborted, guardrail `latency: p99`",
        unit="%",
        budget=at_most(alpha, len(worst)),
        measured=100.0 * share(worst),
        how=f"stated {level(alpha)}, {len(worst)} runs; worst of an hour and a day at 200 and 10 requests a second,"
        f" tolerating nothing or {TOLERATES:g}x",
    )
    return (table,), (claim,)
