"""Sample-ratio mismatch: how often a right split is called wrong, and how soon a wrong one is found."""

import math

import numpy as np

from headway.stats.ratio import TILTS, log_tilts, mismatch

SHARES = (0.05, 0.2, 0.5)


def found_after(lost: float, source: np.random.Generator, *, windows: int = 60, requests: int = 12_000) -> int | None:
    """Windows of a ramp until the mismatch is shown at 1 %, when the candidate loses this share of its requests."""
    logs = tuple(0.0 for _ in TILTS)
    for at in range(windows):
        share = SHARES[min(2, at // 20)]
        mine = int(source.binomial(requests, share))
        kept = int(source.binomial(mine, 1.0 - lost))
        logs = tuple(a + b for a, b in zip(logs, log_tilts(kept, requests - mine, share), strict=True))
        if mismatch(logs) >= math.log(100.0):
            return at + 1
    return None


def test_a_right_split_is_called_wrong_no_more_often_than_stated() -> None:
    source = np.random.default_rng(1)
    wrong = sum(found_after(0.0, source) is not None for _ in range(400))
    assert wrong / 400 <= 0.01 + 3 * math.sqrt(0.01 * 0.99 / 400)


def test_a_candidate_that_loses_a_tenth_of_its_requests_is_found_soon() -> None:
    # The chapter's table: a median of 3 windows of 12,000 requests.
    source = np.random.default_rng(2)
    found = [found_after(0.1, source) for _ in range(40)]
    assert None not in found
    assert float(np.median([at for at in found if at])) <= 6


def test_an_arm_that_was_meant_to_get_nothing_says_nothing() -> None:
    assert set(log_tilts(0, 100, 0.0)) == set(log_tilts(100, 0, 1.0)) == {0.0}
    assert mismatch(()) == 0.0
