"""The numbers that decisions rest on, against what users and processes saw themselves."""

import os
import signal
from pathlib import Path

import pytest
from tests.adapters.local.kit import ENVIRONMENT, MODEL, bring, bundle, local_runtime, objects, until, users
from tests.adapters.local.look import pids

from headway.adapters.local.runtime import LocalRuntime, Timing
from headway.reconcile.ports import Observed
from headway.render.traffic.envoy.server import EDGES_MS

pytestmark = pytest.mark.e2e


def seen(runtime: LocalRuntime) -> Observed:
    return runtime.observe(MODEL, ENVIRONMENT)


def test_a_killed_candidate_loses_no_request_and_is_charged_with_each_that_picked_it(runtime: LocalRuntime) -> None:
    stable, candidate = bundle("1.0.0", delay_s=0.001), bundle("1.1.0", delay_s=0.001)
    bring(runtime, ("1.0.0", stable, 100.0, 1), ("1.1.0", candidate, 0.0, 1))
    at = bring(runtime, ("1.0.0", stable, 50.0, 1), ("1.1.0", candidate, 50.0, 1))
    with users(at.address) as crowd:
        until(lambda: crowd.of("1.1.0") > 200)
        victim = pids(runtime)["1.1.0"][0]
        os.kill(victim, signal.SIGKILL)
        asked = crowd.total
        until(lambda: crowd.total > asked + 400)
    counts = seen(runtime).counts
    assert crowd.lost == []
    assert {status for status, _ in crowd.answers} == {200}
    assert sum(arm.starts for arm in counts.values()) == crowd.total
    # Half of the requests picked the candidate; stable answered more than half, but is charged with its own alone.
    share = counts["1.1.0"].starts / crowd.total
    assert abs(share - 0.5) < 5 * (0.25 / crowd.total) ** 0.5
    rescued = counts["1.1.0"].starts - crowd.of("1.1.0")
    assert rescued > 0
    assert counts["1.1.0"].errors == rescued
    assert counts["1.0.0"].errors == 0
    assert counts["1.0.0"].starts == crowd.of("1.0.0") - rescued


def test_an_answer_of_4xx_or_5xx_is_an_error_and_reaches_the_user_as_it_is(runtime: LocalRuntime) -> None:
    stable, candidate = bundle("1.0.0"), bundle("1.1.0", status=422)
    bring(runtime, ("1.0.0", stable, 100.0, 1), ("1.1.0", candidate, 0.0, 1))
    at = bring(runtime, ("1.0.0", stable, 70.0, 1), ("1.1.0", candidate, 30.0, 1))
    with users(at.address) as crowd:
        until(lambda: crowd.of("1.1.0") > 50)
    counts = seen(runtime).counts
    assert set(crowd.answers) == {(200, "1.0.0"), (422, "1.1.0")}
    assert counts["1.1.0"].starts == counts["1.1.0"].errors == crowd.of("1.1.0")
    assert (counts["1.0.0"].starts, counts["1.0.0"].errors) == (crowd.of("1.0.0"), 0)


def test_a_request_that_times_out_is_an_error_and_slower_than_every_edge(tmp_path: Path) -> None:
    runtime = local_runtime(tmp_path / "run", Timing(lease=60.0, answer=0.2))
    try:
        at = bring(runtime, ("1.0.0", bundle("1.0.0", delay_s=5), 100.0, 1))
        with users(at.address, count=1) as crowd:
            until(lambda: bool(crowd.lost))
        arm = seen(runtime).counts["1.0.0"]
    finally:
        runtime.shut_down()
    assert arm.starts == arm.errors >= 1
    assert set(arm.slower) == {arm.starts}


def test_users_who_give_up_on_a_version_that_hangs_are_its_errors(runtime: LocalRuntime) -> None:
    stable, hanging = bundle("1.0.0"), bundle("1.1.0", delay_s=60)
    bring(runtime, ("1.0.0", stable, 100.0, 1), ("1.1.0", hanging, 0.0, 1))
    at = bring(runtime, ("1.0.0", stable, 70.0, 1), ("1.1.0", hanging, 30.0, 1))
    with users(at.address, count=8, patience_s=0.3) as crowd:
        until(lambda: len(crowd.lost) > 20)
        until(lambda: seen(runtime).counts["1.1.0"].begun > seen(runtime).counts["1.1.0"].starts)
    until(lambda: seen(runtime).counts["1.1.0"].starts == len(crowd.lost))
    counts = seen(runtime).counts
    left, answered = counts["1.1.0"], counts["1.0.0"]
    assert left.errors == left.starts == left.begun
    assert set(left.slower) == {left.starts}
    assert (answered.starts, answered.errors) == (crowd.total, 0)


def test_latency_is_counted_above_each_edge(runtime: LocalRuntime) -> None:
    at = bring(runtime, ("1.0.0", bundle("1.0.0", delay_s=0.05), 100.0, 1))
    with users(at.address, count=4) as crowd:
        until(lambda: crowd.total >= 40)
    after = seen(runtime)
    arm, above = after.counts["1.0.0"], dict(zip(after.edges_ms, after.counts["1.0.0"].slower, strict=True))
    assert arm.starts == crowd.total
    assert after.edges_ms == EDGES_MS
    assert list(arm.slower) == sorted(arm.slower, reverse=True)
    # Each took 50 ms, of which Envoy may see a millisecond less: at 49 all are counted, though 50 is the next edge.
    assert {count for edge, count in above.items() if edge <= 49} == {arm.starts}
    assert arm.slower[-1] == 0


def test_what_users_were_answered_before_a_look_is_in_its_latencies(runtime: LocalRuntime) -> None:
    at = bring(runtime, ("1.0.0", bundle("1.0.0", delay_s=0.01), 100.0, 1))
    with users(at.address, count=8) as crowd:
        for _ in range(40):
            asked = crowd.total
            until(lambda: crowd.total > asked + 20)  # noqa: B023 - asked at once
            known = crowd.total
            arm = seen(runtime).counts["1.0.0"]
            # Requests are counted when they have ended at Envoy, a moment after their users have the answer.
            assert arm.slower[0] >= known - 8
            assert arm.slower[0] <= arm.starts


def test_half_a_percent_reaches_the_candidate(runtime: LocalRuntime) -> None:
    a, b = bundle("1.0.0"), bundle("1.1.0")
    bring(runtime, ("1.0.0", a, 100.0, 1), ("1.1.0", b, 0.0, 1))
    at = bring(runtime, ("1.0.0", a, 97.5, 1), ("1.1.0", b, 2.5, 1))
    with users(at.address, pause_s=0.001) as crowd:
        until(lambda: crowd.total > 3000)
    expected = 0.025 * crowd.total
    assert abs(crowd.of("1.1.0") - expected) < 5 * expected**0.5


def test_summaries_of_every_process_are_asked_for(runtime: LocalRuntime) -> None:
    at = bring(runtime, ("1.0.0", bundle("1.0.0"), 100.0, 2))
    with users(at.address) as crowd:
        until(lambda: crowd.total >= 20)
    summaries = seen(runtime).summaries
    assert len({summary.pod for summary in summaries}) == 2
    assert sum(summary.summary.rows for summary in summaries) == crowd.total


def test_a_second_apply_of_a_route_in_force_is_seen_at_once(runtime: LocalRuntime) -> None:
    a, b = bundle("1.0.0"), bundle("1.1.0")
    bring(runtime, ("1.0.0", a, 100.0, 1), ("1.1.0", b, 0.0, 1))
    runtime.apply(MODEL, ENVIRONMENT, objects(("1.0.0", a, 80.0, 1), ("1.1.0", b, 20.0, 1)))
    assert seen(runtime).weights == {"1.0.0": 80.0, "1.1.0": 20.0}
