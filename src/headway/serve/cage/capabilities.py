"""Root without its powers: it keeps its name and its files, and loses what lets it pass over Landlock's head."""

import ctypes

__all__ = ["drop"]

_PR_CAPBSET_DROP = 24
_VERSION_3 = 0x20080522  # of struct __user_cap_header_struct (linux/capability.h): two words a set


def drop() -> None:
    """Give up every capability of this process and of all that it starts; OSError when the kernel refuses."""
    libc = ctypes.CDLL(None, use_errno=True)
    capability = 0
    while libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0) == 0:
        capability += 1
    header, nothing = (ctypes.c_uint32 * 2)(_VERSION_3, 0), (ctypes.c_uint32 * 6)()
    if libc.capset(header, nothing) != 0:
        raise OSError(ctypes.get_errno(), "capset")
