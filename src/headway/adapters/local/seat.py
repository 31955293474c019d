"""Where a supervisor of a folder is met: a short private folder for its sockets, and a lock that only one can hold."""

import fcntl
import hashlib
import os
import socket
import stat
from contextlib import suppress
from pathlib import Path
from typing import IO

from headway.reconcile.ports import PortError

__all__ = ["leave", "lock", "run_folder", "socket_path", "taken"]

# A Unix socket's path may have 104 bytes (macOS); "admin.sock" and the like come after the folder.
_MOST = 90
_ONLY_MINE = 0o700


def run_folder(root: Path) -> Path:
    """The folder for sockets: below `root`, or in a private folder with a short name when that path is too long."""
    folder = _place(root)
    if not folder.is_relative_to(root):
        _private(folder.parent)
    return _private(folder)


def leave(root: Path) -> None:
    """Remove the folder for sockets and what is in it; of the short ones, the last to go takes their home with it."""
    folder = _place(root)
    with suppress(OSError):
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()
        if not folder.is_relative_to(root):
            folder.parent.rmdir()


def socket_path(root: Path) -> Path:
    """The supervisor's own socket; nothing is made, but a folder that is not the user's own is refused."""
    folder = _place(root)
    if not folder.is_relative_to(root) and folder.parent.exists():
        _check(folder.parent)
    return folder / "supervisor"


def taken(path: Path) -> bool:
    """Does somebody answer on a socket?"""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        return line.connect_ex(str(path)) == 0


def _place(root: Path) -> Path:
    inside = root / "sockets"
    if len(os.fsencode(inside)) <= _MOST:
        return inside
    short = Path("/tmp") / f"headway-{os.getuid()}"  # noqa: S108 - owner and mode are checked
    return short / hashlib.sha256(os.fsencode(root)).hexdigest()[:16]


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
    _check(folder)
    if stat.S_IMODE(folder.lstat().st_mode) != _ONLY_MINE:
        folder.chmod(_ONLY_MINE)
    return folder


def _check(folder: Path) -> None:
    seen = folder.lstat()
    if not stat.S_ISDIR(seen.st_mode) or seen.st_uid != os.getuid():
        raise PortError(f"{folder} is not a folder of yours; somebody may wait there. Remove it and try again.")
