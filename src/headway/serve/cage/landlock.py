"""Landlock: lets this process, and all it starts, reach only the files and ports that are told.

Imports nothing but the standard library, for the launcher of steps loads it by its path.
(kernel.org/doc/html/latest/userspace-api/landlock.html has the system calls, the rights, and the ABIs.)
"""

import ctypes
import os
from collections.abc import Iterable

__all__ = ["confine", "isolation", "landlock_abi"]

PR_SET_NO_NEW_PRIVS = 38
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
VERSION_FLAG, PATH_BENEATH, NET_PORT = 1, 1, 2
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, TRUNCATE = 1 << 0, 1 << 1, 1 << 2, 1 << 3, 1 << 14
READ = EXECUTE | READ_FILE | READ_DIR
OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE
RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1}
BIND, CONNECT = 1, 2
NETWORK_ABI, SCOPE_ABI = 4, 6
ABSTRACT_SOCKETS, SIGNALS = 1, 2

libc = ctypes.CDLL(None, use_errno=True)


class Ruleset(ctypes.Structure):
    """struct landlock_ruleset_attr; an older kernel is given the first fields only."""

    _fields_ = (("fs", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class Beneath(ctypes.Structure):
    """struct landlock_path_beneath_attr."""

    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


class Port(ctypes.Structure):
    """struct landlock_net_port_attr; port 0 stands for any free one."""

    _fields_ = (("allowed", ctypes.c_uint64), ("port", ctypes.c_uint64))


def landlock_abi() -> int:
    """The kernel's Landlock ABI; 0 when it has none."""
    return max(0, int(libc.syscall(CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(VERSION_FLAG))))


def isolation(abi: int, network: str) -> str:
    """The cage in words, as the record keeps it."""
    if not abi:
        return "process group only: this kernel has no Landlock"
    parts = ["files", *(["signals"] if abi >= SCOPE_ABI else [])]
    closed = {"open": "network open", "serve": "TCP: listening only", "none": "no TCP"}[network]
    return f"landlock {abi} ({', '.join(parts)}); {closed if abi >= NETWORK_ABI else 'network open'}; process group"


def confine(
    abi: int, network: str, readable: Iterable[str], writable: Iterable[str], *, port: int | None = None
) -> None:
    """Let this process, and all it starts, reach only what is told; OSError when the kernel refuses.

    `network` is open, serve (listening only), or none but listening on `port`, if one is given (0: any free one); other
    threads of this process stay as they are.
    """
    rights = RIGHTS[min(abi, max(RIGHTS))]
    closed = abi >= NETWORK_ABI and network != "open"
    attributes = Ruleset(
        fs=rights, net=BIND | CONNECT if closed else 0, scoped=ABSTRACT_SOCKETS | SIGNALS if abi >= SCOPE_ABI else 0
    )
    size = 8 if abi < NETWORK_ABI else 16 if abi < SCOPE_ABI else 24
    ruleset = _checked(libc.syscall(CREATE_RULESET, ctypes.byref(attributes), ctypes.c_size_t(size), 0), "create")
    for path in readable:
        _allow(ruleset, path, READ)
    for path in writable:
        _allow(ruleset, path, rights)
    if closed and (network == "serve" or port is not None):
        rule = Port(allowed=BIND, port=port or 0)
        _checked(libc.syscall(ADD_RULE, ruleset, NET_PORT, ctypes.byref(rule), 0), "add_rule port")
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _checked(libc.syscall(RESTRICT_SELF, ruleset, 0), "restrict_self")
    os.close(ruleset)


def _allow(ruleset: int, path: str, allowed: int) -> None:
    try:
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # what is not there needs no permission
    if not os.path.isdir(path):  # noqa: PTH112 - pathlib would cost every step its import
        allowed &= OF_FILES
    rule = Beneath(allowed=allowed, parent=handle)
    done = libc.syscall(ADD_RULE, ruleset, PATH_BENEATH, ctypes.byref(rule), 0)
    os.close(handle)
    _checked(done, f"add_rule {path}")


def _checked(answer: int, what: str) -> int:
    if answer < 0:
        raise OSError(ctypes.get_errno(), f"landlock_{what}")
    return answer
