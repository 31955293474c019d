"""Processes by identity: a pid alone may since belong to somebody else, so every look and signal checks more.

A process is the one meant when the machine has not been started anew, its start time is the one noted, and its command
line carries the nonce that it was started with.
"""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

__all__ = ["Identity", "alive", "boot_id", "end_session", "find", "identify", "identify_child", "send"]

_PROC = Path("/proc")
_LINUX = sys.platform == "linux"
_PS_S = 5.0
_CHILD_S = 2.0


class Identity(Struct, frozen=True, kw_only=True):
    """`started` is the start time in the kernel's own words (clock ticks on Linux, a date elsewhere)."""

    pid: int
    started: str
    boot: str
    nonce: str


def boot_id() -> str:
    """What differs after every start of the machine."""
    if _LINUX:
        return (_PROC / "sys/kernel/random/boot_id").read_text().strip()
    return _output("sysctl", "-n", "kern.boottime")


def identify(pid: int, nonce: str) -> Identity | None:
    """The identity of a process that runs now, or None when there is none with this nonce."""
    started = _started(pid)
    if not started or nonce not in _command(pid):
        return None
    return Identity(pid=pid, started=started, boot=boot_id(), nonce=nonce)


def identify_child(child: subprocess.Popen[bytes], nonce: str) -> Identity | None:
    """The identity of a child just started: its command line can be read a moment after it runs, not at once."""
    limit = time.monotonic() + _CHILD_S
    while time.monotonic() < limit and child.poll() is None:
        who = identify(child.pid, nonce)
        if who:
            return who
        time.sleep(0.001)
    return None


def alive(who: Identity) -> bool:
    """Does this very process still run?  One that ended but was not yet reaped does not."""
    return identify(who.pid, who.nonce) == who


def find(nonce: str) -> Identity | None:
    """The process of this user that carries the nonce on its command line, wherever its parent went."""
    for pid in _pids():
        if pid != os.getpid() and (found := identify(pid, nonce)):
            return found
    return None


def send(who: Identity, signal_: signal.Signals) -> bool:
    """Signal this very process; False when it no longer runs.

    On Linux the process is held by a descriptor first and checked after, so that the pid cannot change hands between.
    """
    if not hasattr(os, "pidfd_open"):
        if alive(who):
            with suppress(ProcessLookupError):
                os.kill(who.pid, signal_)
                return True
        return False
    try:
        handle = os.pidfd_open(who.pid)
    except ProcessLookupError:
        return False
    try:
        if not alive(who):
            return False
        signal.pidfd_send_signal(handle, signal_)
    except ProcessLookupError:
        return False
    finally:
        os.close(handle)
    return True


def end_session(who: Identity) -> None:
    """Kill what a process that ended left behind in its session, so that no child of a model outlives it."""
    if not _LINUX or _started(who.pid):
        return
    for pid in _pids():
        fields = _stat(pid)
        if fields and int(fields[3]) == who.pid and int(fields[19]) >= int(who.started):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _stat(pid: int) -> list[str]:
    """Fields of /proc/PID/stat from the third on: the second is the name in brackets, which may hold anything."""
    try:
        text = (_PROC / str(pid) / "stat").read_text(errors="replace")
    except OSError:
        return []
    fields = text[text.rindex(")") + 2 :].split()
    return [] if fields[0] in "ZX" else fields


def _started(pid: int) -> str:
    if not _LINUX:
        return _output("ps", "-o", "lstart=", "-p", str(pid))
    fields = _stat(pid)
    return fields[19] if fields else ""


def _command(pid: int) -> str:
    if not _LINUX:
        return _output("ps", "-ww", "-o", "command=", "-p", str(pid))
    try:
        return (_PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def _pids() -> list[int]:
    if not _LINUX:
        return [int(word) for word in _output("ps", "-x", "-o", "pid=").split()]
    own = os.getuid()
    found = []
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                if entry.stat().st_uid == own:
                    found.append(int(entry.name))
    return found


def _output(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PS_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()
