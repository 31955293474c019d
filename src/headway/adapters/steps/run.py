"""Runs a program in a cage and keeps what it said.  However it ends is an outcome, not an error."""

import json
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from msgspec import Struct

from headway.adapters.steps.log import Log
from headway.reconcile.ports import PortError
from headway.serve.cage import landlock
from headway.serve.cage.system import DEVICES, SYSTEM
from headway.spec.policy import Isolation

__all__ = ["Cage", "Outcome", "Step", "headway_paths", "isolated", "python_paths", "run", "started"]

LAUNCHER = Path(__file__).with_name("launcher.py")
LANDLOCK = str(Path(landlock.__file__).parent)
# A launcher that does not end by itself after its own limit is ended from outside.
GRACE_S = 30.0
FILE_AT_MOST = 64 * 2**30
# More than any training starts on a machine that people buy; a fork bomb is there within a second.
PROCESSES_AT_MOST = 2048

GPUS = "nvidia*"

Network = Literal["open", "serve", "none"]


class Step(Struct, frozen=True, kw_only=True):
    """A program, its folder and its limits (seconds, bytes).

    `readable` and `writable` are paths beyond the system's and the folder's; `environ` is all the environment it gets.
    """

    command: tuple[str, ...]
    folder: Path
    environ: Mapping[str, str]
    readable: tuple[Path, ...] = ()
    writable: tuple[Path, ...] = ()
    network: Network = "none"
    timeout_s: float = 600.0
    memory: int = 8 * 2**30
    file: int = FILE_AT_MOST
    processes: int = PROCESSES_AT_MOST
    landlock: bool = True


class Outcome(Struct, frozen=True, kw_only=True):
    """How a program ended: `reason` is empty when it went well; `note` is worth telling either way.

    `log` is what it printed, its middle left out when that was much; `peak` its most memory in bytes.
    """

    reason: str
    note: str = ""
    seconds: float
    isolation: str
    log: bytes
    peak: int = 0


class Cage:
    """A launched program: its launcher's process, and what the launcher says."""

    def __init__(self, process: "subprocess.Popen[bytes]", report: int) -> None:
        self.process = process
        self._report = os.fdopen(report, "rb")
        first = self._report.readline()
        self.isolation = str(json.loads(first)["isolation"]) if first else ""

    def result(self) -> dict[str, Any] | None:
        """How the program ended, once it has; None when the launcher could not say."""
        lines = self._report.read().splitlines()
        found: dict[str, Any] | None = json.loads(lines[-1]) if lines else None
        return found

    def end(self) -> None:
        """Have the launcher end the program and all that it started."""
        self.process.terminate()
        try:
            self.process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(GRACE_S)

    def close(self) -> None:
        """End it if it runs, and let go of its pipes."""
        if self.process.poll() is None:
            self.end()
        self._report.close()
        if self.process.stdout:
            self.process.stdout.close()


def isolated(isolation: str, required: Isolation) -> bool:
    """Is a cage, in the words that the record keeps, as strict as a policy requires?"""
    return required == "any" or isolation.startswith(f"{required} ")


@contextmanager
def started(step: Step) -> Iterator[Cage]:
    """Start a program; it ends with the `with` block at the latest.  Its output is at `cage.process.stdout`."""
    ours, theirs = os.pipe()
    try:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(LAUNCHER), str(theirs), LANDLOCK],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=dict(step.environ),
            pass_fds=(theirs,),
            start_new_session=True,
            bufsize=0,
        )
    except OSError as error:
        os.close(ours)
        raise PortError(f"No cage can be started with {sys.executable}: {error}.") from error
    finally:
        os.close(theirs)
    if process.stdin:
        process.stdin.write(_told(step))
        process.stdin.close()
    cage = Cage(process, ours)
    try:
        yield cage
    finally:
        cage.close()


def run(step: Step, log: Log | None = None) -> Outcome:
    """Run a program to its end.  PortError only when the cage itself cannot be had."""
    begin, log = time.monotonic(), log or Log()
    with started(step) as cage:
        _read(cage, log, begin + step.timeout_s + GRACE_S)
        found = cage.result()
        code = cage.process.wait(GRACE_S)
    return Outcome(
        reason=_reason(found, log) if found else f"its launcher ended with {code} before it: {log.last()}",
        note=_note(found),
        seconds=time.monotonic() - begin,
        isolation=cage.isolation,
        log=log.text(),
        peak=found["peak"] if found else 0,
    )


def _told(step: Step) -> bytes:
    told = {
        "parent": os.getpid(),
        "command": list(step.command),
        "folder": str(step.folder),
        "readable": [*SYSTEM, *map(str, step.readable)],
        "writable": [*DEVICES, *map(str, Path("/dev").glob(GPUS)), str(step.folder), *map(str, step.writable)],
        "network": step.network,
        "timeout_s": step.timeout_s,
        "memory": step.memory,
        "file": step.file,
        "processes": step.processes,
        "landlock": step.landlock,
    }
    return json.dumps(told).encode()


def _read(cage: Cage, log: Log, end: float) -> None:
    """Take in what is printed until nobody is left who could print."""
    stream = cage.process.stdout
    if stream is None:
        return
    with selectors.DefaultSelector() as waiting:
        waiting.register(stream, selectors.EVENT_READ)
        while (left := end - time.monotonic()) > 0:
            if waiting.select(left):
                part = os.read(stream.fileno(), 1 << 16)
                if not part:
                    return
                log.add(part)
    cage.end()


def _reason(found: Mapping[str, Any], log: Log) -> str:
    status, last = found["status"], log.last()
    if found["reason"]:
        return str(found["reason"])
    if not status:
        return ""
    ended = f"it was ended by signal {-status}" if status < 0 else f"it ended with {status}"
    return f"{ended}: {last}" if last else ended


def _note(found: Mapping[str, Any] | None) -> str:
    return f"{found['left']} processes that it left running were ended" if found and found["left"] else ""


def python_paths(python: Path) -> tuple[Path, ...]:
    """What an interpreter reads: its environment's folder, and the installation that it came from."""
    return python.parent.parent, python.resolve().parent.parent


def headway_paths() -> tuple[Path, ...]:
    """What Headway's own programs read."""
    return (*python_paths(Path(sys.executable)), *(Path(path) for path in sys.path if path))
