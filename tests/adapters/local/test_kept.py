"""A version that was replaced runs on at weight zero: going back to it loses nothing and starts nothing."""

import pytest
from tests.adapters.local.kit import bring, bundle, users
from tests.adapters.local.look import pids

from headway.adapters.local.runtime import LocalRuntime

pytestmark = pytest.mark.e2e

A, B, C = (bundle(version, delay_s=0.002) for version in ("1.0.0", "1.1.0", "1.2.0"))


def test_a_promotion_and_a_rollback_to_who_was_kept_lose_no_request_and_start_no_process(runtime: LocalRuntime) -> None:
    at = bring(runtime, ("1.0.0", A, 50.0, 1), ("1.1.0", B, 50.0, 1))
    before = pids(runtime)
    with users(at.address) as crowd:
        promoted = bring(runtime, ("1.1.0", B, 100.0, 1), ("1.0.0", A, 0.0, 1))
        assert next(iter(promoted.weights)) == "1.1.0"
        beside = bring(runtime, ("1.1.0", B, 95.0, 1), ("1.2.0", C, 5.0, 1), ("1.0.0", A, 0.0, 1))
        assert beside.weights == {"1.1.0": 95.0, "1.2.0": 5.0, "1.0.0": 0.0}
        back = bring(runtime, ("1.0.0", A, 100.0, 1))
    assert back.weights == {"1.0.0": 100.0}
    assert pids(runtime)["1.0.0"] == before["1.0.0"]
    assert crowd.lost == []
    assert {status for status, _ in crowd.answers} == {200}
