"""A filter of system calls: no new connections, no way into other processes, none of the kernel's rarely used doors.

What is not denied is allowed: a list of all that Python, numpy and ONNX Runtime call would break with each release.
(kernel.org/doc/html/latest/userspace-api/seccomp_filter.html; numbers from asm/unistd_64.h and asm-generic/unistd.h.)
"""

import ctypes
import errno
import platform
import struct
from collections.abc import Mapping

__all__ = ["ARCHITECTURES", "install", "program"]

# name -> (x86_64, aarch64); -1 where an architecture has no such call.
_CALLS: Mapping[str, tuple[int, int]] = {
    # The network.  What was opened before goes on: accept, read and write are not denied.
    "socket": (41, 198), "connect": (42, 203), "bind": (49, 200),
    # Other processes.
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272),
    "process_madvise": (440, 440), "pidfd_getfd": (438, 438),
    # Namespaces, roots and mounts.
    "unshare": (272, 97), "setns": (308, 268), "chroot": (161, 51), "pivot_root": (155, 41), "mount": (165, 40),
    "umount2": (166, 39), "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430),
    "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433), "mount_setattr": (442, 442),
    "swapon": (167, 224), "swapoff": (168, 225), "quotactl": (179, 60), "mknod": (133, -1), "mknodat": (259, 33),
    "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265),
    # The kernel itself, and parts of it that few programs need and many break-outs have used.
    "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106), "kexec_load": (246, 104),
    "kexec_file_load": (320, 294), "reboot": (169, 142), "bpf": (321, 280), "perf_event_open": (298, 241),
    "userfaultfd": (323, 282), "keyctl": (250, 219), "add_key": (248, 217), "request_key": (249, 218),
    "syslog": (103, 116), "acct": (163, 89), "personality": (135, 92), "lookup_dcookie": (212, 18),
    "iopl": (172, -1), "ioperm": (173, -1), "vhangup": (153, 58),
    # The clock and the name of the machine.
    "clock_settime": (227, 112), "settimeofday": (164, 170), "adjtimex": (159, 171), "clock_adjtime": (305, 266),
    "sethostname": (170, 161), "setdomainname": (171, 162),
}  # fmt: skip
# Answered as if the kernel were older, so that libraries take their other way.
_ABSENT: Mapping[str, tuple[int, int]] = {
    "clone3": (435, 435), "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
}  # fmt: skip
_EXECUTE: Mapping[str, tuple[int, int]] = {"execve": (59, 221), "execveat": (322, 281)}
_LISTEN = frozenset({"socket", "bind"})
_CLONE = (56, 220)
_NEW_NAMESPACES = 0x7E020000  # every CLONE_NEW* flag; clone3, whose flags lie in memory, is absent

ARCHITECTURES: Mapping[str, tuple[int, int]] = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
_X32 = 0x40000000  # x86_64's other numbers for the same calls

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06  # BPF_LD|W|ABS, BPF_JMP|K, BPF_RET|K
_NUMBER_AT, _ARCHITECTURE_AT, _ARGUMENT_AT = 0, 4, 16  # of struct seccomp_data; the low word of the first argument
_ALLOW, _KILL = 0x7FFF0000, 0x80000000
_DENY, _NO_SUCH_CALL = 0x00050000 | errno.EPERM, 0x00050000 | errno.ENOSYS

_SET_MODE_FILTER, _ALL_THREADS = 1, 1
_PR_SET_NO_NEW_PRIVS = 38
_SECCOMP = (317, 277)


def program(machine: str, *, execute: bool, listen: bool = False) -> bytes:
    """The filter of an architecture as BPF instructions, 8 bytes each.

    `execute` lets programs be started, `listen` sockets be opened that others may connect to.

    >>> len(program("x86_64", execute=True)) % 8
    0
    """
    which, audit = ARCHITECTURES[machine]
    code = [
        _op(_LOAD, _ARCHITECTURE_AT), _op(_EQUAL, audit, yes=1), _op(_RETURN, _KILL), _op(_LOAD, _NUMBER_AT),
    ]  # fmt: skip
    if machine == "x86_64":
        code += [_op(_AT_LEAST, _X32, no=1), _op(_RETURN, _NO_SUCH_CALL)]
    denied = {**_CALLS, **({} if execute else _EXECUTE)}
    denied = {name: numbers for name, numbers in denied.items() if not (listen and name in _LISTEN)}
    for calls, answer in ((denied, _DENY), (_ABSENT, _NO_SUCH_CALL)):
        for numbers in calls.values():
            if numbers[which] >= 0:
                code += [_op(_EQUAL, numbers[which], no=1), _op(_RETURN, answer)]
    code += [
        _op(_EQUAL, _CLONE[which], no=3), _op(_LOAD, _ARGUMENT_AT), _op(_ANY_BIT, _NEW_NAMESPACES, no=1),
        _op(_RETURN, _DENY), _op(_RETURN, _ALLOW),
    ]  # fmt: skip
    return b"".join(code)


def install(*, execute: bool, listen: bool = False) -> bool:
    """Filter the system calls of this process, all its threads, and all it starts; False where the kernel cannot.

    OSError when it could and refuses.
    """
    machine = platform.machine()
    if machine not in ARCHITECTURES:
        return False
    code = program(machine, execute=execute, listen=listen)
    held = ctypes.create_string_buffer(code, len(code))
    filtered = _Program(length=len(code) // 8, code=ctypes.addressof(held))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    number = _SECCOMP[ARCHITECTURES[machine][0]]
    if libc.syscall(number, _SET_MODE_FILTER, _ALL_THREADS, ctypes.byref(filtered)) == 0:
        return True
    if (reason := ctypes.get_errno()) in {errno.ENOSYS, errno.EINVAL}:
        return False
    raise OSError(reason, "seccomp")


class _Program(ctypes.Structure):
    """struct sock_fprog."""

    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_void_p))


def _op(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
    """One struct sock_filter: what to do, and how many to leap over when it is so, or not."""
    return struct.pack("=HBBI", code, yes, no, value)
