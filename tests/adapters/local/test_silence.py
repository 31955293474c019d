"""Whoever dies, traffic goes on, and goes back to stable when nobody decides any more."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.adapters.local.kit import ENVIRONMENT, MODEL, bring, bundle, local_runtime, objects, until, users
from tests.adapters.local.look import kill, mine, pids, supervisor, view

from headway.adapters.local.client import start
from headway.adapters.local.runtime import LocalRuntime, Timing

pytestmark = pytest.mark.e2e

A, B = (bundle(version, delay_s=0.002) for version in ("1.0.0", "1.1.0"))
QUICK = Timing(lease=2.0, beat=0.25, stale=1.5)
HALF = (("1.0.0", A, 50.0, 1), ("1.1.0", B, 50.0, 1))
ZERO = (("1.0.0", A, 100.0, 1), ("1.1.0", B, 0.0, 1))
ON_STABLE = {"1.0.0": 100.0, "1.1.0": 0.0}

BEATING = """
import sys, time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tests.adapters.local.kit import local_runtime
from tests.adapters.local.test_silence import QUICK
runtime = local_runtime(Path(sys.argv[1]), QUICK)
print("ready", flush=True)
while True:
    runtime.beat()
    time.sleep(0.1)
"""


@pytest.fixture
def quick(tmp_path: Path) -> Iterator[LocalRuntime]:
    made = local_runtime(tmp_path / "run", QUICK)
    try:
        yield made
    finally:
        made.shut_down()


@pytest.fixture
def up(quick: LocalRuntime) -> Iterator[subprocess.Popen[bytes]]:
    """A process that beats, as `headway up` does, and nothing else; a candidate at zero runs before it."""
    bring(quick, *ZERO)
    with subprocess.Popen([sys.executable, "-c", BEATING, str(quick._root)], stdout=subprocess.PIPE) as child:
        assert child.stdout
        assert child.stdout.readline() == b"ready\n"
        try:
            yield child
        finally:
            child.kill()


def end(up: subprocess.Popen[bytes]) -> None:
    up.kill()
    up.wait(10)


def test_a_killed_supervisor_is_followed_by_one_that_takes_every_process_over(runtime: LocalRuntime) -> None:
    bring(runtime, *ZERO)
    at = bring(runtime, *HALF)
    before, first = mine(runtime), supervisor(runtime)
    with users(at.address) as crowd:
        until(lambda: crowd.total > 50)
        kill(first)
        runtime.beat()
        second = supervisor(runtime)
        asked = crowd.total
        until(lambda: crowd.total > asked + 50)
    after = runtime.observe(MODEL, ENVIRONMENT)
    assert second != first
    until(lambda: mine(runtime) == before - {first} | {second})
    assert (after.weights, after.tripped) == ({"1.0.0": 50.0, "1.1.0": 50.0}, "")
    assert after.epoch != at.epoch
    assert crowd.lost == []
    assert {status for status, _ in crowd.answers} == {200}


def test_what_died_with_the_supervisor_is_started_again(runtime: LocalRuntime) -> None:
    bring(runtime, ("1.0.0", A, 100.0, 2))
    victims = [supervisor(runtime), pids(runtime)["1.0.0"][0]]
    for pid in victims:
        kill(pid)
    runtime.beat()
    until(lambda: runtime.observe(MODEL, ENVIRONMENT).workloads[0].ready == 2)
    until(lambda: len(mine(runtime)) == 4)
    assert not mine(runtime) & set(victims)


def test_a_silent_up_takes_traffic_back_to_stable(quick: LocalRuntime, up: subprocess.Popen[bytes]) -> None:
    at = bring(quick, *HALF)
    with users(at.address) as crowd:
        time.sleep(1.5 * QUICK.lease)
        assert view(quick).place.tripped == ""  # while it beats, nothing happens
        end(up)
        until(lambda: bool(view(quick).place.tripped))
        time.sleep(0.1)
        asked = crowd.of("1.1.0")
        time.sleep(0.5)
        assert crowd.of("1.1.0") == asked
    seen = quick.observe(MODEL, ENVIRONMENT)
    assert seen.weights == ON_STABLE
    assert "nothing was heard" in seen.tripped
    assert crowd.lost == []


def test_when_up_and_supervisor_are_killed_traffic_is_back_on_stable_in_time_and_goes_on(
    quick: LocalRuntime, up: subprocess.Popen[bytes]
) -> None:
    at = bring(quick, *HALF)
    with users(at.address) as crowd:
        until(lambda: crowd.of("1.1.0") > 50)
        end(up)
        kill(supervisor(quick))
        died = time.monotonic()
        time.sleep(QUICK.stale + 1.5)
        last = crowd.last["1.1.0"]
        asked = crowd.total
        until(lambda: crowd.total > asked + 100)
    assert last - died < QUICK.stale + 1.0
    assert crowd.last["1.1.0"] == last
    assert crowd.lost == []
    assert {status for status, _ in crowd.answers} == {200}
    quick.beat()  # the next `up`
    seen = quick.observe(MODEL, ENVIRONMENT)
    assert seen.weights == ON_STABLE
    assert "away" in seen.tripped


def test_a_killed_envoy_starts_again_on_stable_at_the_same_address(runtime: LocalRuntime) -> None:
    bring(runtime, *ZERO)
    at = bring(runtime, *HALF)
    killed = view(runtime).envoy_pid
    kill(killed)
    until(lambda: view(runtime).envoy_pid not in {0, killed} and view(runtime).listening)
    seen = runtime.observe(MODEL, ENVIRONMENT)
    assert (seen.address, seen.weights) == (at.address, ON_STABLE)
    assert "Envoy ended" in seen.tripped
    assert seen.epoch != at.epoch
    with users(seen.address) as crowd:
        until(lambda: crowd.total > 50)
    assert crowd.lost == []
    assert crowd.of("1.1.0") == 0


def test_when_everything_but_the_models_was_killed_the_next_up_starts_stable_first(runtime: LocalRuntime) -> None:
    bring(runtime, *ZERO)
    at = bring(runtime, *HALF)
    models = {pid for found in pids(runtime).values() for pid in found}
    for pid in (supervisor(runtime), view(runtime).envoy_pid):
        kill(pid)
    runtime.apply(MODEL, ENVIRONMENT, objects(*HALF))
    until(lambda: bool(runtime.observe(MODEL, ENVIRONMENT).address))
    seen = runtime.observe(MODEL, ENVIRONMENT)
    assert (seen.address, seen.weights) == (at.address, ON_STABLE)
    assert models <= mine(runtime)
    assert len(mine(runtime)) == 4


def test_a_reset_by_a_person_needs_no_up(runtime: LocalRuntime) -> None:
    assert not runtime.reset_now(MODEL, ENVIRONMENT)
    bring(runtime, *ZERO)
    assert not runtime.reset_now(MODEL, ENVIRONMENT)
    bring(runtime, *HALF)
    assert runtime.reset_now(MODEL, ENVIRONMENT, "rollback --now by ada")
    seen = runtime.observe(MODEL, ENVIRONMENT)
    assert (seen.weights, seen.tripped) == (ON_STABLE, "rollback --now by ada")


def test_a_stopped_supervisor_does_not_stop_traffic(runtime: LocalRuntime) -> None:
    at = bring(runtime, ("1.0.0", A, 100.0, 1))
    pid = supervisor(runtime)
    os.kill(pid, signal.SIGSTOP)
    try:
        with users(at.address) as crowd:
            until(lambda: crowd.total > 50)
    finally:
        os.kill(pid, signal.SIGCONT)
    assert crowd.lost == []


def test_of_many_supervisors_started_at_once_one_stays(runtime: LocalRuntime) -> None:
    root = runtime._root
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(start, [root] * 4))
    until(lambda: mine(runtime) == {supervisor(runtime)})
    bring(runtime, ("1.0.0", A, 100.0, 1))
    assert runtime.shut_down()
    until(lambda: mine(runtime) == set())
