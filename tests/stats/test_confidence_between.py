"""The interval of a ratio between windows, over windows with bursts: where that by requests misses the truth."""

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from headway.stats.confidence import interval_of, narrowed, unknown
from headway.stats.confidence_between import ratio_between, ratio_narrowed, ratio_unknown
from headway.stats.sequential import Counts


def hour(source: np.random.Generator, *, ratio: float, burst: int = 10) -> list[Counts]:
    """600 requests of the candidate's and 11,400 of the control's a minute; bursts of errors, from 1 to 2 %."""
    found = []
    for at in range(60):
        rate = 0.01 * (1.0 + at / 60.0)
        mine = burst * source.poisson(600 * rate * ratio / burst)
        other = burst * source.poisson(11_400 * rate / burst)
        found.append(Counts(bad=min(600, int(mine)), of=600, control_bad=int(other), control_of=11_400))
    return found


def test_in_bursts_the_truth_is_left_no_more_often_than_stated_and_by_requests_it_is() -> None:
    source, runs, left, by_requests = np.random.default_rng(3), 60, 0, 0
    for _ in range(runs):
        between, requests = ratio_unknown(alpha=0.1), unknown("ratio", alpha=0.1)
        for window in hour(source, ratio=1.5):
            between = ratio_narrowed(between, 0.01, window, spread=10.0)
            requests = narrowed(requests, 0.01, window)
        left += not ratio_between(between).low <= 1.5 <= ratio_between(between).high
        by_requests += not interval_of(requests).low <= 1.5 <= interval_of(requests).high
    assert left / runs <= 0.1 + 3 * math.sqrt(0.1 * 0.9 / runs)
    assert by_requests / runs > 0.3


def test_it_shrinks_around_the_truth() -> None:
    known = ratio_unknown()
    for window in hour(np.random.default_rng(5), ratio=3.0, burst=3):
        known = ratio_narrowed(known, 0.01, window, spread=3.0)
    found = ratio_between(known)
    assert 1.5 <= found.low < 3.0 < found.high <= 6.0
    assert found.low < found.point < found.high


@given(st.lists(st.tuples(st.integers(0, 100), st.integers(0, 1000)), max_size=30))
@settings(max_examples=20, deadline=None)
def test_an_interval_never_widens(rows: list[tuple[int, int]]) -> None:
    known = ratio_unknown()
    low, high = 0.0, math.inf
    for bad, control_bad in rows:
        window = Counts(bad=bad, of=100, control_bad=control_bad, control_of=1000)
        known = ratio_narrowed(known, 0.05, window, spread=2.0)
        found = ratio_between(known)
        assert low <= found.low <= found.high <= high
        low, high = found.low, found.high
    silent = Counts(bad=0, of=0, control_bad=5, control_of=1000)
    assert ratio_narrowed(known, 0.05, silent, spread=2.0) == known
