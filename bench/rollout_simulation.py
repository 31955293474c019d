"""Simulates rollouts: how long a good and a bad candidate take, and how often the verdict is wrong.

`python bench/rollout_simulation.py [--runs N]` prints Markdown tables.  Requests fail independently of one another;
windows are one second long, as in the demo, and the window in which a weight changes is dropped.
"""

import argparse
from collections.abc import Sequence
from statistics import median

import numpy as np
from msgspec import Struct

from headway.decide.rollout.decision import decide
from headway.evidence.stage import Rollout
from headway.evidence.window import Arm, Window
from headway.spec.guardrail import ErrorGuardrail, LatencyGuardrail
from headway.spec.release import Served
from headway.spec.rollout import Rollout as Wish

DEADLINE_S = 7200.0
EDGES_MS = tuple(1.25**k for k in range(7, 32))


class World(Struct, frozen=True, kw_only=True):
    """Live traffic: requests a second, error rates, and the candidate's time over the control's."""

    per_s: float
    control: float
    candidate: float
    slower: float = 1.0
    median_ms: float = 20.0


def simulate(wish: Wish, world: World, source: np.random.Generator, *, most_s: float = 600.0) -> tuple[str, float, int]:
    """One rollout: how it ended, after how many seconds, and how many requests the bad candidate failed."""
    rollout = Rollout(
        model="m",
        environment="production",
        candidate=Served(version="2", bundle="b"),
        over=Served(version="1", bundle="a"),
        started=0.0,
        deadline=DEADLINE_S,
    )
    now, failed, weight = 0.0, 0, 0.0
    while rollout.state not in {"promoting", "aborting"} and now < most_s:
        window = None
        if rollout.weight and rollout.weight == weight:
            window = _window(world, rollout.weight, now, source)
            failed += window.candidate.errors
        weight = rollout.weight
        now += wish.window
        rollout = decide(rollout, wish, window, ready=True, now=now)
    return rollout.state, now, failed


def _window(world: World, weight: float, now: float, source: np.random.Generator) -> Window:
    starts = int(source.poisson(world.per_s))
    mine = int(source.binomial(starts, weight / 100.0))
    return Window(
        start=now,
        end=now + 1.0,
        weight=weight,
        edges_ms=EDGES_MS,
        control=_arm(starts - mine, world.control, world.median_ms, source),
        candidate=_arm(mine, world.candidate, world.median_ms * world.slower, source),
    )


def _arm(starts: int, rate: float, median_ms: float, source: np.random.Generator) -> Arm:
    times = median_ms * np.exp(0.5 * source.standard_normal(starts))
    slower = (starts - np.searchsorted(np.sort(times), EDGES_MS, side="right")).tolist()
    return Arm(starts=starts, errors=int(source.binomial(starts, rate)), slower=tuple(slower))


def row(wish: Wish, world: World, runs: int, *, seed: int = 0, most_s: float = 600.0) -> str:
    """One line of a table."""
    source = np.random.default_rng(seed)
    ended = [simulate(wish, world, source, most_s=most_s) for _ in range(runs)]
    promoted = [seconds for state, seconds, _ in ended if state == "promoting"]
    aborted = [seconds for state, seconds, _ in ended if state == "aborting"]
    return (
        f"| {world.per_s:g}/s | {world.control:.2%} | {world.candidate:.2%} | {world.slower:g}x "
        f"| {len(promoted) / runs:.1%} | {_spread(promoted)} | {len(aborted) / runs:.1%} | {_spread(aborted)} "
        f"| {np.mean([failed for _, _, failed in ended]):.1f} |"
    )


def _spread(seconds: Sequence[float]) -> str:
    if not seconds:
        return "-"
    low, high = np.quantile(seconds, [0.05, 0.95])
    return f"{median(seconds):.0f} s ({low:.0f} to {high:.0f})"


HEAD = (
    "| traffic | stable fails | candidate fails | time | promoted | median (90 %) | aborted | median (90 %) "
    "| failed |\n|---|---|---|---|---|---|---|---|---|"
)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200)
    runs = parser.parse_args().runs
    wish = Wish(window=1.0)
    print("## Errors: 1.5x or 0.5 pp, stages 5, 20, 50, windows of 1 s\n\n" + HEAD)
    for per_s in (200.0, 400.0):
        for control, candidate in (
            (0.0, 0.0), (0.0001, 0.0001), (0.0, 0.0009), (0.001, 0.001), (0.01, 0.01), (0.01, 0.011),
            (0.0, 0.05), (0.0, 0.06), (0.0001, 0.1), (0.0, 1.0), (0.01, 0.03),
        ):  # fmt: skip
            print(row(wish, World(per_s=per_s, control=control, candidate=candidate), runs))
    print("\n## At the margin (promotion is wrong) and at the tolerance (abort is wrong)\n\n" + HEAD)
    for control, candidate in ((0.0, 0.005), (0.001, 0.006), (0.02, 0.03), (0.0, 0.001), (0.001, 0.002), (0.02, 0.022)):
        print(row(wish, World(per_s=400.0, control=control, candidate=candidate), runs, most_s=300.0))
    print("\n## Latency: p95 within 1.25x, stages 5, 20, 50\n\n" + HEAD)
    latency = Wish(window=1.0, guardrails=(ErrorGuardrail(), LatencyGuardrail(latency="p95")))
    for median_ms, slower in (
        (20.0, 1.0),
        (20.0, 1.05),
        (20.0, 1.25),
        (20.0, 1.5),
        (20.0, 2.0),
        (1.0, 1.0),
        (1.0, 8.0),
    ):
        world = World(per_s=400.0, control=0.0, candidate=0.0, slower=slower, median_ms=median_ms)
        print(row(latency, world, max(10, runs // 4), most_s=300.0))


if __name__ == "__main__":
    main()
