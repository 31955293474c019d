"""What a pass of the decider costs: a thousand running rollouts, a window each."""

from functools import partial

from bench.decisions.latency import windows_of
from bench.decisions.section import Found, Section
from bench.decisions.slowness import World, simulate
from bench.decisions.tables import Table
from bench.rows import Row, cost
from msgspec import structs

from headway.decide.rollout.decision import decide
from headway.evidence.stage import Rollout
from headway.evidence.window import Past, Window
from headway.spec.guardrail import ErrorGuardrail, LatencyGuardrail
from headway.spec.release import Served
from headway.spec.rollout import Rollout as Wish

__all__ = ["section"]

ROLLOUTS, DIFFERENT, SEEN, ROUNDS = 1000, 20, 30, 5
DEFAULT = "`errors`, the default"
WISHES = {
    DEFAULT: Wish(),
    "`errors` and `latency: p95`": Wish(guardrails=(ErrorGuardrail(), LatencyGuardrail(latency="p95"))),
}


def seconds(wish: Wish) -> float:
    """CPU of `decide` over all rollouts, each with its evidence so far stored and one new window."""
    seen = simulate(World(windows=SEEN + 1, weight=wish.stages[0]), DIFFERENT, 600)
    pairs = [
        _running(wish, [_failing(window) for window in windows_of(seen, run, wish.stages[0])])
        for run in range(DIFFERENT)
    ]
    every = [
        (structs.replace(pairs[at % DIFFERENT][0], model=f"m{at}"), pairs[at % DIFFERENT][1]) for at in range(ROLLOUTS)
    ]
    now = (SEEN + 1) * wish.window

    def one_pass() -> None:
        for rollout, window in every:
            decide(rollout, wish, window, ready=True, now=now)

    return cost(one_pass, ROUNDS)


def _failing(window: Window) -> Window:
    """One of a hundred fails in both arms, without chance."""
    arms = {
        name: structs.replace(arm, errors=arm.starts // 100)
        for name, arm in (("candidate", window.candidate), ("control", window.control))
    }
    return structs.replace(window, **arms)


def _running(wish: Wish, windows: list[Window]) -> tuple[Rollout, Window]:
    """A rollout at its first stage that was told to stay there, and its next window."""
    at_first = {"state": "running", "stage": 0, "weight": wish.stages[0]}
    rollout = Rollout(
        model="m",
        environment="production",
        candidate=Served(version="2", bundle="b"),
        over=Served(version="1", bundle="a"),
        started=0.0,
        deadline=wish.deadline.after,
        before=Past(starts=100_000, errors=1000),
        **at_first,
    )
    for window in windows[:-1]:
        rollout = structs.replace(decide(rollout, wish, window, ready=True, now=window.end), **at_first)
    return rollout, windows[-1]


def section(part: float) -> Section:
    """The same work at any `part`: it takes seconds."""
    del part
    return Section(jobs={name: partial(seconds, wish) for name, wish in WISHES.items()}, write=_written)


def _written(found: Found) -> tuple[tuple[Table, ...], tuple[Row, ...]]:
    table = Table(
        title="What a pass of the decider costs",
        text=f"`decide` over {ROLLOUTS:,} running rollouts with {SEEN} windows behind them, one new window each;"
        f" median of {ROUNDS} passes, seconds of CPU on one core.",
        head=("guardrails", "CPU s"),
        rows=tuple((name, f"{found[name]:.2f}") for name in WISHES),
    )
    claim = Row(
        what=f"a pass of the decider over {ROLLOUTS:,} running rollouts, CPU",
        unit="s",
        budget=1.0,
        measured=found[DEFAULT],
        how="; ".join(f"{name}: {found[name]:.2f} s" for name in WISHES),
    )
    return (table,), (claim,)
