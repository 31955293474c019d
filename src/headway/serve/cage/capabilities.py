"""Root without its powers: it keeps its name and its files, and loses what lets it pass over Landlock's head.

Imports nothing but the standard library, for the launcher of steps loads it by its path.
"""

import ctypes

__all__ = ["bound", "drop"]

_PR_CAPBSET_DROP = 24
_VERSION_3 = 0x20080522  # of struct __user_cap_header_struct (linux/capability.h): two words a set


def bound() -> None:
    """Let no program that this process becomes or starts have a capability; the process itself keeps its own."""
    libc = ctypes.CDLL(None, use_errno=True)
    capability = 0
    while libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0) == 0:
        capability += 1


def drop() -> None:
    """Give up every capability of this process and of all that it starts; OSError when the kernel refuses."""
    libc = ctypes.CDLL(None, use_errno=True)
    bound()
    header, nothing = (ctypes.c_uint32 * 2)(_VERSION_3, 0), (ctypes.c_uint32 * 6)()
    if libc.capset(header, nothing) != 0:
        raise OSError(ctypes.get_errno(), "capset")
