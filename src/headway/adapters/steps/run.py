"""Runs one step: a fresh folder, a caged program, its output kept.  A failure is an outcome, not an error."""

import json
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from headway.reconcile.ports import PortError

__all__ = ["Outcome", "Step", "caged", "run"]

LAUNCHER = Path(__file__).with_name("launcher.py")
LOG_AT_MOST = 4 * 2**20
# A launcher that does not end by itself after its own limit is ended from outside.
GRACE_S = 30.0
SYSTEM = ("/usr", "/lib", "/lib64", "/bin", "/sbin", "/etc", "/proc", "/sys/devices/system/cpu", "/dev/urandom")
DEVICES = ("/dev/null", "/dev/zero", "/dev/shm")  # noqa: S108 - shared memory, which numeric libraries need


class Step(Struct, frozen=True, kw_only=True):
    """A program with its folder and limits; `readable` are paths beyond the system's that it may read."""

    command: tuple[str, ...]
    folder: Path
    environ: Mapping[str, str]
    readable: tuple[Path, ...] = ()
    timeout_s: float
    memory: int


class Outcome(Struct, frozen=True, kw_only=True):
    """How a step ended: `reason` is empty when it went well; `log` is the end of what it printed."""

    reason: str
    seconds: float
    isolation: str
    log: bytes


def caged(told: Path) -> list[str]:
    """The command line of the launcher for an argument file."""
    return [sys.executable, "-I", "-S", str(LAUNCHER), str(told)]


def arguments(step: Step, outcome: Path) -> bytes:
    """The argument file of the launcher."""
    told = {
        "command": list(step.command),
        "folder": str(step.folder),
        "environ": dict(step.environ),
        "readable": [*SYSTEM, *map(str, step.readable), sys.prefix, sys.base_prefix],
        "writable": [str(step.folder), *DEVICES],
        "timeout_s": step.timeout_s,
        "memory": step.memory,
        "outcome": str(outcome),
    }
    return json.dumps(told).encode()


def run(step: Step) -> Outcome:
    """Run a step to its end.  PortError only when the cage itself cannot be had."""
    begin = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="headway-step-") as place:
        told, outcome, log = (Path(place) / name for name in ("told.json", "outcome.json", "log"))
        told.write_bytes(arguments(step, outcome))
        with log.open("wb") as sink:
            process = subprocess.Popen(
                caged(told), stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, env={}, start_new_session=True
            )
            try:
                process.wait(step.timeout_s + GRACE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(GRACE_S)
        text = _tail(log)
        if not outcome.exists():
            raise PortError(
                f"the launcher of a step ended with {process.returncode}: {text[-500:].decode(errors='replace')}"
            )
        found = json.loads(outcome.read_bytes())
    seconds = time.monotonic() - begin
    return Outcome(reason=_reason(found, text), seconds=seconds, isolation=found["isolation"], log=text)


def split_command(text: str, params: Mapping[str, object]) -> Sequence[str]:
    """A `run` line as words, each `{name}` filled in after the split, so that no value becomes two words.

    PortError for a name that is no parameter.
    """
    try:
        return [word.format_map(params) for word in shlex.split(text)]
    except (KeyError, ValueError, IndexError, AttributeError) as error:
        raise PortError(f"`run: {text}` cannot be filled in: {error!r} is no parameter.") from error


def _reason(found: Mapping[str, object], log: bytes) -> str:
    if found["reason"]:
        return str(found["reason"])
    if found["status"]:
        last = log.decode(errors="replace").strip().splitlines()
        return f"it ended with {found['status']}" + (f": {last[-1][:300]}" if last else "")
    if found["left_behind"]:
        return f"it left {found['left_behind']} processes behind; a step ends with all that it started"
    return ""


def _tail(path: Path) -> bytes:
    with suppress(OSError), path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - LOG_AT_MOST))
        return file.read(LOG_AT_MOST)
    return b""
