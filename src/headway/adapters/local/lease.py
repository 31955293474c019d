"""One `headway up` a repository: a lock that says who holds it, and ends with its holder however that ends."""

import os
import re
import signal
import socket
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from headway.adapters.local import seat
from headway.reconcile.ports import PortError

__all__ = ["Lease", "acquire", "end_holder", "holder"]

_HOLDER = re.compile(r"process (\d+) on ")
_LOOK_S = 0.05

_GLANCE_S = 0.5


class Lease:
    """Held until `release`, or until the process ends."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def release(self) -> None:
        """Let another `headway up` begin; twice is the same as once."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.release()


def acquire(folder: Path) -> Lease:
    """Take the lease of a run folder; PortError says who holds it, since when."""
    path = folder / "up.lock"
    limit = time.monotonic() + _GLANCE_S
    while (file := seat.lock(path)) is None and time.monotonic() < limit:
        time.sleep(0.02)  # somebody may only be looking who holds it
    if file is None:
        holder = path.read_text().strip() or "a process that has not said its name yet"
        raise PortError(
            f"another `headway up` serves this repository: held by {holder}. End that one first, or let it do the work."
        )
    file.truncate(0)
    since = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime())
    file.write(f"process {os.getpid()} on {socket.gethostname()} since {since}\n")
    file.flush()
    return Lease(file)


def holder(folder: Path) -> str:
    """Who holds the lease of a run folder; empty when nobody does."""
    path = folder / "up.lock"
    if not path.exists():
        return ""
    file = seat.lock(path)
    if file is None:
        return path.read_text().strip() or "a process that has not said its name yet"
    file.close()
    return ""


def end_holder(folder: Path, limit_s: float) -> bool:
    """Have the `headway up` that holds the lease end itself, and wait for it; False when there is none.

    PortError when it has not ended in time.
    """
    path, told = folder / "up.lock", 0
    limit = time.monotonic() + limit_s
    while said := holder(folder):
        pid = _holder_of(path, said)
        if pid and not told:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
            told = pid
        if time.monotonic() > limit:
            raise PortError(f"`headway up` ({said}) has not ended within {limit_s:g} s. End it by hand, and try again.")
        time.sleep(_LOOK_S)
    return bool(told)


def _holder_of(path: Path, said: str) -> int:
    """The process that the file names, if it has it open; else 0.

    The name may be that of a former holder while somebody only looks, and its number may be another's by now.
    """
    found = _HOLDER.match(said)
    if not found:
        return 0
    with suppress(OSError):
        for handle in Path(f"/proc/{found[1]}/fd").iterdir():
            with suppress(OSError):
                if handle.samefile(path):
                    return int(found[1])
    return 0
