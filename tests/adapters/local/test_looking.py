"""Looking has no effect: no process starts, no file appears, and who only looks keeps nobody out."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.adapters.local.kit import ENVIRONMENT, MODEL, bring, bundle
from tests.adapters.local.look import kill, mine, supervisor

from headway.adapters.local import lease
from headway.adapters.local.runtime import LocalRuntime
from headway.reconcile.ports import Observed

A = bundle("1.0.0")


@pytest.mark.e2e
def test_looking_starts_no_supervisor_that_died(runtime: LocalRuntime) -> None:
    bring(runtime, ("1.0.0", A, 100.0, 1))
    before, dead = mine(runtime), supervisor(runtime)
    kill(dead)
    for _ in range(3):
        seen = runtime.observe(MODEL, ENVIRONMENT)
        assert "does not run" in seen.unseen
        assert seen == Observed(unseen=seen.unseen)
        assert runtime.supervisor() == 0
    assert mine(runtime) == before - {dead}
    runtime.beat()
    assert runtime.observe(MODEL, ENVIRONMENT).weights == {"1.0.0": 100.0}


def test_where_nothing_ever_ran_looking_makes_no_file(runtime: LocalRuntime) -> None:
    folder = runtime._root
    assert runtime.observe(MODEL, ENVIRONMENT) == Observed()
    assert runtime.recall("rollout") is None
    assert lease.holder(folder) == ""
    assert list(folder.rglob("*")) == []


def test_who_looks_at_the_lease_keeps_no_up_out(tmp_path: Path) -> None:
    lease.acquire(tmp_path).release()
    program = (
        "import sys, time; from pathlib import Path; from headway.adapters.local import seat\n"
        "held = seat.lock(Path(sys.argv[1])); print('held', flush=True); time.sleep(0.1)"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(tmp_path / "up.lock")], stdout=subprocess.PIPE) as other:
        assert other.stdout
        assert other.stdout.readline() == b"held\n"
        lease.acquire(tmp_path).release()
