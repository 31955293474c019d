"""Folders for work under way, named by the process that works there, so that a dead one's are cleared away."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["workplace"]


@contextmanager
def workplace(work: Path, name: str) -> Iterator[Path]:
    """A new folder below `work` that goes with the block; folders of processes that are gone go first."""
    work.mkdir(parents=True, exist_ok=True)
    for folder in work.iterdir():
        words = folder.name.split("-")
        if len(words) > 2 and words[1].isdigit() and not _alive(int(words[1])):
            shutil.rmtree(folder, ignore_errors=True)
    place = Path(tempfile.mkdtemp(prefix=f"{name}-{os.getpid()}-", dir=work))
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
