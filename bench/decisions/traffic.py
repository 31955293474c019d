"""Simulated live traffic as counts: runs x windows, the same for every rule that is shown it.  Knows no rule."""

from typing import Literal

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

__all__ = ["HIGH", "LOW", "RAMP", "Scenario", "Traffic", "simulate"]

Ints = NDArray[np.int64]
# Requests of both arms in a window of a minute: 200 and 10 a second.
HIGH, LOW = 12_000, 600
RAMP = (1.0, 5.0, 20.0, 50.0)
PERSISTENT = 0.9  # correlation of a slow shock with the one of the window before
HISTORY = 10  # windows of the stable version that were seen before the start
PAST = 60  # those by which a guardrail chooses how it judges


class Scenario(Struct, frozen=True, kw_only=True):
    """What the world does.

    Requests of both arms in a window, windows, the candidate's percent (several: one after the other, each for an
    equal share of the windows), the stable version's error rate in the first and in the last window, how many times
    that rate the candidate fails, how many errors come together, and shocks: factors of the rate with this standard
    deviation, each window anew or slowly changing, each arm its own or both the same.
    """

    name: str = ""
    per_window: int = HIGH
    windows: int = 60
    weights: tuple[float, ...] = (5.0,)
    base: float = 0.01
    last: float | None = None
    lift: float = 1.0
    burst: int = 1
    shock: Literal["", "independent", "slow"] = ""
    common: bool = False
    sd: float = 0.2

    def weight(self, window: int) -> float:
        """The candidate's percent in a window (from 0)."""
        return self.weights[window * len(self.weights) // self.windows]


class Traffic(Struct, frozen=True, kw_only=True, eq=False):
    """Bad requests (runs x windows) of the candidate, of its control, and of a baseline as large as the candidate.

    `of` and `control_of` are each window's requests; `before` are the stable version's requests and errors of ten
    windows before the start, the errors one number a run; `past` are its errors (runs x windows) in an hour before,
    with as many requests in each window as in the first of the rollout.
    """

    of: Ints
    control_of: Ints
    bad: Ints
    control_bad: Ints
    baseline_bad: Ints
    before: tuple[int, Ints]
    past: Ints

    @property
    def runs(self) -> int:
        """How many runs."""
        return len(self.bad)

    @property
    def windows(self) -> int:
        """How many windows a run has."""
        return len(self.of)


def simulate(world: Scenario, runs: int, seed: int) -> Traffic:
    """Runs of a scenario.  A stream of random numbers for each column, so that fewer runs are the first of more."""
    streams = iter([np.random.default_rng([seed, at]) for at in range(9)])
    of = np.array([round(world.per_window * world.weight(at) / 100.0) for at in range(world.windows)])
    last = world.base if world.last is None else world.last
    base = np.linspace(world.base, last, world.windows)
    size = (runs, world.windows)
    mine, theirs = _shocks(world, next(streams), size), _shocks(world, next(streams), size)
    control = base * (mine if world.common else theirs)
    control_of = world.per_window - of
    before = HISTORY * int(control_of[0])
    return Traffic(
        of=of,
        control_of=control_of,
        bad=_bad(next(streams), of, world.lift * base * mine, world.burst, size),
        control_bad=_bad(next(streams), control_of, control, world.burst, size),
        baseline_bad=_bad(next(streams), of, control, world.burst, size),
        before=(before, next(streams).binomial(before, world.base, size=runs)),
        past=_bad(
            next(streams),
            np.full(PAST, control_of[0]),
            world.base * _shocks(world, next(streams), (runs, PAST)),
            world.burst,
            (runs, PAST),
        ),
    )


def _bad(source: np.random.Generator, of: Ints, rate: NDArray[np.float64], burst: int, size: tuple[int, int]) -> Ints:
    return burst * source.binomial(of // burst, np.minimum(rate, 1.0), size=size)


def _shocks(world: Scenario, source: np.random.Generator, size: tuple[int, int]) -> NDArray[np.float64]:
    """Factors with mean 1."""
    if not world.shock:
        return np.ones(size)
    noise = source.standard_normal(size)
    if world.shock == "slow":
        for at in range(1, size[1]):
            noise[:, at] = PERSISTENT * noise[:, at - 1] + (1.0 - PERSISTENT**2) ** 0.5 * noise[:, at]
    return np.exp(world.sd * noise - world.sd**2 / 2.0)
