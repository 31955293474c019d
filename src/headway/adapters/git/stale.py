"""Clears the lock of a ref that a killed git left behind, so that a crash never stops the record for good."""

import time
from pathlib import Path

from headway.adapters.git.program import Git

__all__ = ["clear_stale_lock"]

# Git holds a ref's lock for milliseconds; every run of it here ends within two minutes.
STALE_S = 300.0


def clear_stale_lock(git: Git, ref: str) -> bool:
    """Remove the ref's lock file when it is old; was there one to remove?"""
    lock = Path(git.repo, git.line("rev-parse", "--git-path", f"{ref}.lock"))
    try:
        if time.time() - lock.lstat().st_mtime < STALE_S:
            return False
        lock.unlink()
    except OSError:
        return False
    return True
