"""Where a supervisor of a folder is met: a short private folder for its sockets, and a lock that only one can hold."""

import fcntl
import hashlib
import os
import stat
from pathlib import Path
from typing import IO

from headway.reconcile.ports import PortError

__all__ = ["lock", "run_folder", "socket_path"]

# A Unix socket's path may have 104 bytes (macOS); "admin.sock" and the like come after the folder.
_MOST = 90


def run_folder(root: Path) -> Path:
    """The folder for sockets: below `root`, or in a private folder with a short name when that path is too long."""
    inside = root / "sockets"
    if len(os.fsencode(inside)) <= _MOST:
        return _private(inside)
    short = Path("/tmp") / f"headway-{os.getuid()}"  # noqa: S108 - owner and mode are checked below
    return _private(_private(short) / hashlib.sha256(os.fsencode(root)).hexdigest()[:16])


def socket_path(root: Path) -> Path:
    """The supervisor's own socket."""
    return run_folder(root) / "supervisor"


def lock(path: Path) -> IO[str] | None:
    """An exclusive lock for as long as the file is open; None when another process holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file


def _private(folder: Path) -> Path:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    seen = folder.lstat()
    if not stat.S_ISDIR(seen.st_mode) or seen.st_uid != os.getuid():
        raise PortError(f"{folder} is not a folder of yours; somebody may wait there. Remove it and try again.")
    if stat.S_IMODE(seen.st_mode) != 0o700:
        folder.chmod(0o700)
    return folder
