"""Lets the processes of one machine write to the journal in turn.

Compare-and-swap alone keeps records whole, but lets a slow writer lose to a busy one for ever.  The lock is advisory
and the kernel's: it ends with its holder, however that dies.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from headway.adapters.git.program import Git
from headway.reconcile.ports import PortError

__all__ = ["turn"]


@contextmanager
def turn(git: Git) -> Iterator[None]:
    """Wait for the turn and hold it; its holder is bounded by the time limits of git."""
    folder = git.line("rev-parse", "--git-common-dir")
    path = Path(git.repo, folder, "headway-journal.lock")
    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
    except OSError as error:
        raise PortError(f"{path} cannot be opened: {error.strerror}. See who may write there.") from error
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)
