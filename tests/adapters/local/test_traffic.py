"""Traffic moves without losing a request."""

import os
import signal
import socket
from itertools import cycle

import pytest
from tests.adapters.local.kit import ENVIRONMENT, MODEL, bring, bundle, objects, settled, until, users
from tests.adapters.local.look import mine, pids, view

from headway.adapters.local.runtime import LocalRuntime
from headway.reconcile.ports import PortError

pytestmark = pytest.mark.e2e

A, B, C = (bundle(version, delay_s=0.002) for version in ("1.0.0", "1.1.0", "1.2.0"))


def test_forty_weight_changes_under_load_lose_nothing(runtime: LocalRuntime) -> None:
    at = bring(runtime, ("1.0.0", A, 100.0, 1), ("1.1.0", B, 0.0, 1))
    with users(at.address) as crowd:
        for weight, _ in zip(cycle((5.0, 50.0, 100.0, 0.0)), range(40), strict=False):
            runtime.apply(MODEL, ENVIRONMENT, objects(("1.0.0", A, 100 - weight, 1), ("1.1.0", B, weight, 1)))
            asked = crowd.total
            until(lambda: crowd.total > asked + 5)  # noqa: B023 - asked within this turn
    assert crowd.lost == []
    assert {status for status, _ in crowd.answers} == {200}
    assert crowd.of("1.1.0") > 0


def test_versions_follow_one_another_without_losing_a_request(runtime: LocalRuntime) -> None:
    at = bring(runtime, ("1.0.0", A, 100.0, 2))
    with users(at.address) as crowd:
        for version, digest in (("1.1.0", B), ("1.2.0", C), ("1.0.0", A)):
            bring(runtime, (version, digest, 100.0, 2))
            asked = crowd.total
            until(lambda: crowd.total > asked + 20)  # noqa: B023 - asked within this turn
        until(lambda: len(view(runtime).pods) == 2)
    assert crowd.lost == []
    assert {status for status, _ in crowd.answers} == {200}
    assert min(crowd.of(version) for version in ("1.0.0", "1.1.0", "1.2.0")) > 0


def test_a_candidate_taken_away_while_it_answers_loses_nothing(runtime: LocalRuntime) -> None:
    bring(runtime, ("1.0.0", A, 100.0, 1), ("1.1.0", B, 0.0, 1))
    at = bring(runtime, ("1.0.0", A, 50.0, 1), ("1.1.0", B, 50.0, 1))
    with users(at.address) as crowd:
        until(lambda: crowd.of("1.1.0") > 50)
        bring(runtime, ("1.0.0", A, 100.0, 1))
        until(lambda: [pod.version for pod in view(runtime).pods] == ["1.0.0"])
    assert crowd.lost == []
    assert {status for status, _ in crowd.answers} == {200}


def test_one_of_two_processes_killed_is_restarted_and_loses_nothing(runtime: LocalRuntime) -> None:
    arms = (("1.0.0", A, 100.0, 2),)
    at = bring(runtime, *arms)
    with users(at.address) as crowd:
        until(lambda: crowd.total > 50)
        victim = pids(runtime)["1.0.0"][0]
        os.kill(victim, signal.SIGKILL)
        until(lambda: victim not in mine(runtime))
        settled(runtime, arms)
        until(lambda: len(pids(runtime)["1.0.0"]) == 2)
    assert crowd.lost == []
    assert {status for status, _ in crowd.answers} == {200}


def test_a_version_that_cannot_start_gets_no_traffic_and_says_why(runtime: LocalRuntime) -> None:
    at = bring(runtime, ("1.0.0", A, 100.0, 1))
    bad = bundle("1.1.0", refuse=True)
    with users(at.address) as crowd:
        runtime.apply(MODEL, ENVIRONMENT, objects(("1.1.0", bad, 100.0, 1)))
        until(lambda: bool(runtime.observe(MODEL, ENVIRONMENT).workloads[0].trouble))
        seen = runtime.observe(MODEL, ENVIRONMENT)
    assert seen.workloads[0].trouble == "this model cannot be loaded in production"
    assert seen.workloads[0].ready == 0
    assert seen.weights == {"1.0.0": 100.0}
    assert crowd.lost == []


def test_an_address_is_kept_over_down_and_up_of_the_route_and_may_be_chosen(runtime: LocalRuntime) -> None:
    first = bring(runtime, ("1.0.0", A, 100.0, 1)).address
    runtime.apply(MODEL, ENVIRONMENT, [])
    until(lambda: not runtime.observe(MODEL, ENVIRONMENT).weights)
    assert bring(runtime, ("1.0.0", A, 100.0, 1)).address == first
    taken = objects(("1.0.0", A, 100.0, 1), model="other", listen=first)
    with pytest.raises(PortError, match="is taken by delay in production"):
        runtime.apply("other", ENVIRONMENT, taken)


def test_down_leaves_no_process_and_may_be_said_twice(runtime: LocalRuntime) -> None:
    at = bring(runtime, ("1.0.0", A, 100.0, 2))
    assert len(mine(runtime)) == 4
    with users(at.address, count=2) as crowd:
        until(lambda: crowd.total > 20)
        crowd.stop()
        assert runtime.shut_down()
    assert mine(runtime) == set()
    assert not runtime.shut_down()


def test_a_route_moves_to_another_address_when_asked(runtime: LocalRuntime) -> None:
    first = bring(runtime, ("1.0.0", A, 100.0, 1)).address
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    wanted = f"127.0.0.1:{port}"
    runtime.apply(MODEL, ENVIRONMENT, objects(("1.0.0", A, 100.0, 1), listen=wanted))
    until(lambda: runtime.observe(MODEL, ENVIRONMENT).address == wanted != first)
    with users(wanted, count=1) as crowd:
        until(lambda: crowd.total > 5)
    assert crowd.lost == []


def test_an_address_that_somebody_else_holds_is_refused(runtime: LocalRuntime) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = f"127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(PortError, match="cannot be listened on"):
            runtime.apply(MODEL, ENVIRONMENT, objects(("1.0.0", A, 100.0, 1), listen=taken))


def test_two_models_share_one_envoy_and_do_not_disturb_each_other(runtime: LocalRuntime) -> None:
    first = bring(runtime, ("1.0.0", A, 100.0, 1))
    runtime.apply("other", "staging", objects(("1.1.0", B, 100.0, 1), model="other", environment="staging"))
    until(lambda: bool(runtime.observe("other", "staging").address))
    second = runtime.observe("other", "staging")
    with users(first.address, count=1) as here, users(second.address, count=1) as there:
        until(lambda: here.total > 20 and there.total > 20)
        runtime.apply("other", "staging", [])
        until(lambda: len(mine(runtime)) == 3)
        asked = here.total
        until(lambda: here.total > asked + 20)
    assert here.lost == []
    assert here.of("1.0.0") == here.total
    assert there.of("1.1.0") == there.total
