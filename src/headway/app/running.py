"""Runs the loop in this process: takes the lease, stops on a signal, says what it does and waits for."""

import os
import signal
import sys
import threading
import time
from importlib.util import find_spec
from pathlib import Path
from types import FrameType

import click

from headway.adapters.local.lease import acquire, end_holder
from headway.app.errors import RefusedError
from headway.app.repository import open_repository
from headway.app.show import say
from headway.app.wiring import open_book, open_memory, open_runtime, open_world
from headway.app.wording import line_of
from headway.plan.action import Action, Assess, Lock, Nothing, Train, Wait
from headway.reconcile.loop import converge, keep
from headway.reconcile.once import Pass
from headway.reconcile.ports import PortError

__all__ = ["run", "stop"]

# Actions that last longer than a pass; the others tell what they did.
STANDING = (Lock, Train, Assess, Wait, Nothing)
# What serves is given this long to end in good order.
END_S = 150.0

# The heartbeat of a candidate must not wait for a remote: Envoy takes its traffic back after about 3 s.
PATIENCE_S = 0.5


def run(repo: Path, *, once: bool) -> None:
    """Loop until a signal, or with `once` until only people are waited for.

    On Ctrl-C and SIGTERM traffic ends first and models last; RefusedError when another `up` holds the lease.
    """
    _require_local()
    patient = open_repository(repo)
    if once or not patient.source.seen():  # what is to be brought about once is what the remote says now
        patient.source.refresh()
        patient.journal.refresh()
    repository = open_repository(repo, patience_s=PATIENCE_S)
    stop = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    try:
        repository.require_project(repository.source.seen())
        with acquire(repository.folder / "run"):
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, on_signal)
            world, memory = open_world(repository), open_memory(repository)
            say(f"Bringing {repository.project} to what Git says; Ctrl-C ends traffic first, models last.")
            telling = _Telling()
            if once:
                converge(world, memory, wait=stop.wait, tell=telling)
                if memory.book.head.ahead:
                    open_book(patient).publish()
                faults = [] if memory.main else [*dict.fromkeys([repository.source.absence(), memory.problem])]
                faults += [f"{name}: {fault}" if name else fault for name, fault in memory.troubles.items()]
                if faults:
                    raise RefusedError(f"Not all could be brought about. {' '.join(faults)}")
            else:
                keep(world, memory, wait=stop.wait, tell=telling)
                click.echo("Ending: traffic first, models last ...")
                open_runtime(repository).shut_down()
            memory.jobs.close()
    except PortError as error:
        raise RefusedError(str(error)) from error
    if memory.jobs.running():
        # The thread of a training would keep this process to its end, hours maybe; its cage ends with this process.
        sys.stdout.flush()
        os._exit(0)


def _require_local() -> None:
    """ModuleNotFoundError names what this machine lacks, before a pass would meet it in the middle of its work."""
    for module in ("envoy", "onnxruntime", "polars"):
        if find_spec(module) is None:
            raise ModuleNotFoundError(f"No module named {module!r}", name=module)


def stop(repo: Path) -> bool:
    """End `headway up`, if one runs, and all that serves; False when nothing ran."""
    repository = open_repository(repo)
    try:
        # First of all: it would start again what ends under its eyes.
        held = end_holder(repository.folder / "run", END_S)
        return open_runtime(repository).shut_down() or held
    except PortError as error:
        raise RefusedError(str(error)) from error


class _Telling:
    """Prints what a pass did, and what is under way, waited for or in the way when that changes."""

    def __init__(self) -> None:
        self._standing: tuple[str, ...] = ()

    def __call__(self, done: Pass) -> None:
        for line in done.lines:
            _say(line)
        told = "\n".join(done.lines)
        lines = []
        for action in done.actions:
            if isinstance(action, STANDING):
                lines.append(f"{action.model}: {line_of(action)}")
                if lines[-1] not in self._standing and not _again(action, told):
                    _say(lines[-1])
        self._standing = tuple(lines)


def _again(action: Action, told: str) -> bool:
    """Is this the state that a refusal led to, which the pass has just told?"""
    return isinstance(action, Nothing) and ": " in action.why and action.why.partition(": ")[2] in told


def _say(line: str) -> None:
    say(f"{time.strftime('%H:%M:%S')}  {line}")
