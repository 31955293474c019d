"""How many connections the system lets a process hold open."""

import resource
from contextlib import suppress

__all__ = ["connections"]

# For listening sockets, pipes to a worker, files being read, and connections that are told to come again.
_OTHERS = 128
_LEAST = 16


def connections(wanted: int) -> int:
    """As many as wanted, or as there are descriptors for.

    The soft limit is raised as far as is needed and allowed: it is low for the sake of programs that use select(),
    which no server does. With a bound below it, the process never runs out of descriptors, and so never spins on a
    connection that it cannot take.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + _OTHERS
    if _below(soft, needed):
        allowed = min(needed, hard) if _below(hard, needed) else needed
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
            soft = allowed
    return min(wanted, max(soft - _OTHERS, _LEAST)) if _below(soft, needed) else wanted


def _below(limit: int, needed: int) -> bool:
    return limit != resource.RLIM_INFINITY and limit < needed
