"""Runs one program in a cage: a session of its own, bounded time and memory, Landlock where the kernel has it.

Run by its path with a plain interpreter; of headway it loads `serve/cage` alone, from a folder that is its second
argument.  Reads what to do as JSON from its standard input, and says on a pipe (its first) first how the cage is built
and last how the program ended.  As the subreaper of all that the program starts it leaves nothing behind, and it ends
all of it when whoever started it dies.
"""

import ctypes
import importlib
import json
import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 1, 36, 38
LOOK_FIRST_S, LOOK_S = 0.005, 0.1
# Helpers such as joblib's notice the end of their parent and leave; what stays longer was left behind.
LEAVE_S, END_S = 2.0, 10.0

WATCHED = {signal.SIGCHLD, signal.SIGTERM, signal.SIGINT}
Told = dict[str, Any]
libc = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    """Run what is told, watch it, and say how it ended."""
    report = int(sys.argv[1])
    sys.path.append(sys.argv[2])
    capabilities, landlock = map(importlib.import_module, ("capabilities", "landlock"))
    os.set_inheritable(report, False)  # noqa: FBT003 - its own signature
    signal.pthread_sigmask(signal.SIG_BLOCK, WATCHED)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1)
    told: Told = json.loads(sys.stdin.buffer.read())
    if os.getppid() != told["parent"]:
        return  # it died before it could be watched
    abi = landlock.landlock_abi() if told["landlock"] else 0
    _say(report, {"isolation": landlock.isolation(abi, told["network"])})
    child = os.fork()
    if child == 0:
        _become(told, abi, capabilities.bound, landlock.confine)
    status, reason, peak = _watch(child, told)
    left = _left_behind()
    _say(report, {"status": status, "reason": reason, "peak": peak, "left": left})


def _say(report: int, what: Told) -> None:
    os.write(report, json.dumps(what).encode() + b"\n")


def _become(told: Told, abi: int, bound: Callable[[], None], confine: Callable[..., None]) -> None:
    """In the child: give up what it does not need, then become the program."""
    try:
        os.setsid()
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        # With its powers root could read other processes' environments in /proc.
        bound()
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        most = told["file"] if hard == resource.RLIM_INFINITY else min(hard, told["file"])
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        for number in (signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)  # Python ignores them, and a program would inherit that
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.chdir(told["folder"])
        if abi:
            confine(abi, told["network"], told["readable"], told["writable"])
        os.execvp(told["command"][0], told["command"])  # noqa: S606 - the cage's purpose
    except OSError as error:
        os.write(2, f"headway: {told['command'][0]} cannot be started: {error}\n".encode())
    finally:
        os._exit(127)


def _watch(child: int, told: Told) -> tuple[int, str, int]:
    """Wait for the child: its exit status (negative: the signal), why it was ended, its peak memory in bytes."""
    timeout_s, memory, most = told["timeout_s"], told["memory"], told["processes"]
    end, peak, reason, wait = time.monotonic() + timeout_s, 0, "", LOOK_FIRST_S
    while True:
        seen = signal.sigtimedwait(WATCHED, wait)
        status = _reaped().get(child)
        if status is not None:
            return status, reason, peak
        family = _family()
        held = sum(map(_resident, family))
        if held > memory and len(family) <= most:  # pages shared by several processes were counted several times
            held = sum(map(_proportional, family))
        peak, wait = max(peak, held), min(LOOK_S, wait * 1.5)
        if seen is not None and seen.si_signo != signal.SIGCHLD:
            reason = "it was told to stop"
        elif len(family) > most:
            reason = f"it started more than {most} processes"
        elif held > memory:
            reason = f"it held {held >> 20} MiB, more than its {memory >> 20} MiB (train.memory)"
        elif time.monotonic() > end:
            reason = f"it ran longer than its {timeout_s:g} s (train.timeout)"
        if reason:
            return _end_all().get(child, -signal.SIGKILL), reason, peak


def _left_behind() -> int:
    """End what the program left running; how many processes that were."""
    end = time.monotonic() + LEAVE_S
    while _family() and time.monotonic() < end:
        signal.sigtimedwait({signal.SIGCHLD}, 0.02)
        _reaped()
    left = len(_family())
    _end_all()
    return left


def _end_all() -> dict[int, int]:
    """End everything below this process, however fast it starts more; statuses by process."""
    found, end = _reaped(), time.monotonic() + END_S
    while (alive := _family()) and time.monotonic() < end:
        for pid in alive:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        signal.sigtimedwait({signal.SIGCHLD}, 0.01)
        found |= _reaped()
    return found


def _reaped() -> dict[int, int]:
    """Exit statuses of those that ended below this process, by process."""
    found: dict[int, int] = {}
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return found
        if not pid:
            return found
        found[pid] = os.waitstatus_to_exitcode(status)


def _family() -> list[int]:
    """Every process below this one, children before theirs."""
    found, waiting = [], [os.getpid()]
    while waiting:
        pid = waiting.pop()
        try:
            threads = os.listdir(f"/proc/{pid}/task")  # noqa: PTH208 - called often; the names are all that is wanted
            children = [int(word) for tid in threads for word in _text(f"/proc/{pid}/task/{tid}/children").split()]
        except OSError:
            continue
        found += children
        waiting += children
    return found


def _resident(pid: int) -> int:
    """Bytes of memory that a process holds, shared ones included."""
    fields = _text(f"/proc/{pid}/statm").split()
    return int(fields[1]) * resource.getpagesize() if fields else 0


def _proportional(pid: int) -> int:
    """The same with shared pages divided among those who share them; slower to learn."""
    for line in _text(f"/proc/{pid}/smaps_rollup").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return _resident(pid)


def _text(path: str) -> str:
    try:
        with open(path, encoding="ascii", errors="replace") as file:  # noqa: PTH123 - pathlib costs its import
            return file.read()
    except OSError:
        return ""


if __name__ == "__main__":
    main()
