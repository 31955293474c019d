"""Simulated latencies in one observer's buckets: log-normal, median 100 ms, sigma 0.5.  Knows no rule."""

import numpy as np
from bench.decisions.traffic import HIGH
from msgspec import Struct
from numpy.typing import NDArray
from scipy.stats import norm

from headway.render.traffic.envoy.server import EDGES_MS

__all__ = ["EDGES_MS", "MEDIAN_MS", "SIGMA", "Arms", "World", "quantile", "simulate"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
MEDIAN_MS, SIGMA = 100.0, 0.5


class World(Struct, frozen=True, kw_only=True):
    """Requests of both arms in a window, the candidate's percent, and what the candidate does to latencies.

    `slower` scales all of them; `tail` scales the slowest hundredth.
    """

    per_window: int = HIGH
    windows: int = 60
    weight: float = 5.0
    slower: float = 1.0
    tail: float = 1.0

    @property
    def of(self) -> int:
        """The candidate's requests in a window."""
        return round(self.per_window * self.weight / 100.0)


class Arms(Struct, frozen=True, kw_only=True, eq=False):
    """Requests by bucket (runs x windows x edges + 1) of the candidate, its control, and a baseline of its size."""

    candidate: Ints
    control: Ints
    baseline: Ints


def simulate(world: World, runs: int, seed: int) -> Arms:
    """Runs of a world; fewer runs are the first of more."""
    streams = [np.random.default_rng([seed, at]) for at in range(3)]
    shares = (buckets(world.slower, world.tail), buckets(), buckets())
    sizes = (world.of, world.per_window - world.of, world.of)
    found = [
        source.multinomial(of, chances, size=(runs, world.windows))
        for source, of, chances in zip(streams, sizes, shares, strict=True)
    ]
    return Arms(candidate=found[0], control=found[1], baseline=found[2])


def buckets(slower: float = 1.0, tail: float = 1.0) -> Floats:
    """The chance of each bucket, the last one without an end."""
    beyond = above(np.array(EDGES_MS) / slower)
    if tail != 1.0:
        slowest = MEDIAN_MS * np.exp(SIGMA * norm.ppf(0.99))
        moved = np.minimum(above(np.array(EDGES_MS) / slower / tail), 0.01)
        beyond = np.where(np.array(EDGES_MS) / slower < slowest, np.maximum(beyond, moved), moved)
    return -np.diff(np.concatenate([[1.0], beyond, [0.0]]))


def above(ms: Floats) -> Floats:
    """The share of requests that take longer."""
    return norm.sf(np.log(ms / MEDIAN_MS) / SIGMA)


def quantile(arm: Ints, level: float) -> Floats:
    """A window's quantile as Prometheus' `histogram_quantile` gives it: linear inside the bucket that holds it."""
    upper = np.array([*EDGES_MS, EDGES_MS[-1]])
    lower = np.array([0.0, *EDGES_MS])
    below = arm.cumsum(axis=-1)
    rank = level * below[..., -1:]
    at = (below >= rank).argmax(axis=-1)[..., None]
    inside = np.take_along_axis(arm, at, axis=-1)
    before = np.take_along_axis(below, at, axis=-1) - inside
    part = (rank - before) / np.maximum(inside, 1)
    return (lower[at] + (upper[at] - lower[at]) * part)[..., 0]
