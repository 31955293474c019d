"""Runs one program in a cage: its own session, bounded time and memory, Landlock where the kernel has it.

Run by its path with a plain interpreter and one JSON argument file; imports nothing of headway.  It stays as the
subreaper of whatever the program starts, so that nothing is left behind, and dies with whoever started it.
"""

import ctypes
import json
import os
import resource
import signal
import sys
import time
from pathlib import Path
from typing import Any

PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS, PR_SET_CHILD_SUBREAPER = 1, 38, 36
LOOK_S = 0.05

# Landlock (kernel.org/doc/html/latest/userspace-api/landlock.html): system calls, access rights by ABI.
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
VERSION_FLAG = 1
PATH_BENEATH = 1
READ = 0b1100  # read a file, list a folder
EXECUTE = 0b1
RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1}
FILE_RIGHTS = EXECUTE | 0b10 | 0b100 | (1 << 14)

libc = ctypes.CDLL(None, use_errno=True)


class Ruleset(ctypes.Structure):
    """struct landlock_ruleset_attr of ABI 1; later fields are left out, which leaves them unhandled."""

    _fields_ = (("handled_access_fs", ctypes.c_uint64),)


class Beneath(ctypes.Structure):
    """struct landlock_path_beneath_attr."""

    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("allowed_access", ctypes.c_uint64), ("parent_fd", ctypes.c_int32))


def landlock_version() -> int:
    """The kernel's Landlock ABI; 0 when it has none."""
    return max(0, int(libc.syscall(CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(VERSION_FLAG))))


def confine(readable: list[str], writable: list[str]) -> None:
    """Let this process and all it starts read and write only below these paths; OSError when the kernel refuses."""
    rights = RIGHTS[min(landlock_version(), max(RIGHTS))]
    attributes = Ruleset(handled_access_fs=rights)
    ruleset = libc.syscall(CREATE_RULESET, ctypes.byref(attributes), ctypes.c_size_t(8), ctypes.c_uint32(0))
    if ruleset < 0:
        raise OSError(ctypes.get_errno(), "landlock_create_ruleset")
    for paths, allowed in ((readable, READ | EXECUTE), (writable, rights)):
        for path in paths:
            _allow(ruleset, path, allowed & rights)
    if libc.syscall(RESTRICT_SELF, ruleset, ctypes.c_uint32(0)) < 0:
        raise OSError(ctypes.get_errno(), "landlock_restrict_self")


def _allow(ruleset: int, path: str, allowed: int) -> None:
    try:
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # what is not there needs no permission
    if not Path(path).is_dir():
        allowed &= FILE_RIGHTS
    rule = Beneath(allowed_access=allowed, parent_fd=handle)
    done = libc.syscall(ADD_RULE, ruleset, ctypes.c_uint32(PATH_BENEATH), ctypes.byref(rule), ctypes.c_uint32(0))
    os.close(handle)
    if done < 0:
        raise OSError(ctypes.get_errno(), f"landlock_add_rule {path}")


def main() -> None:
    """Run the program named in the argument file, watch it, and write how it ended."""
    told: dict[str, Any] = json.loads(Path(sys.argv[1]).read_text())
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1)
    caged = landlock_version() > 0
    child = os.fork()
    if child == 0:
        _become(told, caged=caged)
    status, reason, peak = _watch(child, told["timeout_s"], told["memory"])
    left = _end_all()
    outcome = {
        "status": status,
        "reason": reason,
        "peak": peak,
        "left_behind": left,
        "isolation": "landlock, process group" if caged else "process group; the kernel has no Landlock",
    }
    target = Path(told["outcome"])
    target.with_suffix(".new").write_text(json.dumps(outcome))
    target.with_suffix(".new").rename(target)


def _become(told: dict[str, Any], *, caged: bool) -> None:
    """In the child: give up what it does not need, then become the program."""
    try:
        os.setsid()
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        os.chdir(told["folder"])
        if caged:
            confine(told["readable"], told["writable"])
        os.execvpe(told["command"][0], told["command"], told["environ"])  # noqa: S606 - the cage's purpose
    except OSError as error:
        print(f"headway: {told['command'][0]} cannot be started: {error}", file=sys.stderr, flush=True)  # noqa: T201
        os._exit(127)


def _watch(child: int, timeout_s: float, memory: int) -> tuple[int, str, int]:
    """Wait for the child; its exit status (negative: the signal), why it was ended, and its peak memory in bytes."""
    end, peak, reason = time.monotonic() + timeout_s, 0, ""
    while True:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status), reason, peak
        held = sum(_resident(one) for one in _family())
        peak = max(peak, held)
        if held > memory:
            reason = f"it held {held >> 20} MiB, more than its {memory >> 20} MiB"
        elif time.monotonic() > end:
            reason = f"it ran longer than its {timeout_s:g} s"
        if reason:
            _end_all(but=child)
            os.kill(child, signal.SIGKILL)
        time.sleep(LOOK_S)


def _family() -> list[int]:
    """Every process below this one."""
    parents: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):  # noqa: PTH208 - called often, and the names are all that is wanted
        if name.isdigit():
            try:
                fields = Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents.setdefault(int(fields[1]), []).append(int(name))
    found, waiting = [], [os.getpid()]
    while waiting:
        children = parents.get(waiting.pop(), [])
        found += children
        waiting += children
    return found


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()
    except (OSError, IndexError):
        return 0


def _end_all(but: int = 0) -> int:
    """End everything below this process; how many were alive when the program itself had ended."""
    ended: set[int] = set()
    for _ in range(100):
        alive = [pid for pid in _family() if pid != but]
        for pid in alive:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
            ended.add(pid)
        try:
            while but == 0 and os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            break
        if not alive or but:
            break
        time.sleep(0.01)
    return len(ended)


if __name__ == "__main__":
    main()
