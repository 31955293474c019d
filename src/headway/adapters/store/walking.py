"""Lists the regular files of a folder, without following anything out of it.  Reads no contents."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from stat import S_ISDIR, S_ISREG

from headway.reconcile.ports import PortError

__all__ = ["check_path", "open_files"]

FILES_AT_MOST = 100_000


def open_files(folder: Path) -> Iterator[tuple[str, str, int]]:
    """Every file: its path with `/`, its name, and a descriptor of the folder it lies in.

    PortError at the first link, device, FIFO, socket or name that is not UTF-8.  Empty folders are not seen: a folder
    is its files.
    """
    count = 0
    for at, folders, names, fd in os.fwalk(folder, follow_symlinks=False, onerror=_raise):
        below = Path(at).relative_to(folder)
        for name in folders:
            _expect(S_ISDIR, below / name, fd)
        for name in sorted(names):
            path = (below / name).as_posix()
            _expect(S_ISREG, below / name, fd)
            check_path(path)
            count += 1
            if count > FILES_AT_MOST:
                raise PortError(f"{folder} holds more than {FILES_AT_MOST:,} files. Pack them into fewer.")
            yield path, name, fd


def check_path(path: str) -> str:
    """A path that stays below the folder it is relative to; PortError otherwise."""
    try:
        path.encode()
    except UnicodeEncodeError as error:
        raise PortError(f"{path!r} is no UTF-8 name. Rename the file.") from error
    parts = path.split("/")
    if "\0" in path or any(part in {"", ".", ".."} for part in parts):
        raise PortError(f"{path!r} is no path below a folder. Use a relative path without `..`.")
    return path


def _expect(kind: Callable[[int], bool], path: Path, fd: int) -> None:
    mode = os.stat(path.name, dir_fd=fd, follow_symlinks=False).st_mode
    if not kind(mode):
        raise PortError(f"{path} is a link, a device or a socket. Only folders and regular files are stored.")


def _raise(error: OSError) -> None:
    raise error
