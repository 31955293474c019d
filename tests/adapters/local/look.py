"""Looks behind the port: which processes a supervisor has, by asking it and by reading the process table."""

import os
import signal
from pathlib import Path

from tests.adapters.local.kit import ENVIRONMENT, MODEL

from headway.adapters.local.client import call
from headway.adapters.local.process import identify
from headway.adapters.local.runtime import LocalRuntime
from headway.adapters.local.words import Beat, Look, View


def root(runtime: LocalRuntime) -> Path:
    return runtime._root


def view(runtime: LocalRuntime) -> View:
    answer = call(root(runtime), Look(model=MODEL, environment=ENVIRONMENT))
    assert answer is not None
    assert answer.view is not None
    return answer.view


def pids(runtime: LocalRuntime) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for pod in view(runtime).pods:
        if pod.state == "ready":
            found.setdefault(pod.version, []).append(pod.pid)
    return found


def supervisor(runtime: LocalRuntime) -> int:
    answer = call(root(runtime), Beat())
    assert answer is not None
    return answer.pid


def mine(runtime: LocalRuntime) -> set[int]:
    """Every running process that has the run folder on its command line."""
    return {
        int(entry.name)
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and int(entry.name) != os.getpid() and identify(int(entry.name), str(root(runtime)))
    }


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
