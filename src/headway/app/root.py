"""Where a team's project lies in its repository, and which branch holds its record.  Reads nothing of any wish."""

import re
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from headway.adapters.git.names import check_branch
from headway.adapters.git.place import find
from headway.adapters.git.program import Git
from headway.app.errors import RefusedError

__all__ = ["PROJECT_FILE", "Root", "find_root", "record_branch"]

PROJECT_FILE = "headway.yaml"
_RECORD = "headway"


class Root(Struct, frozen=True, kw_only=True):
    """`top` is Git's top folder, `path` the project's folder in it (empty: the top), `remote` the one that is asked."""

    top: Path
    path: str
    bare: bool
    remote: str | None


def find_root(start: Path, environ: Mapping[str, str]) -> Root:
    """The project at or above a folder, inside its repository; PortError says why there is none."""
    found = find(Git(start, environ))
    folder = found.top if found.bare else _project(start.resolve(), found.top)
    path = "" if folder == found.top else folder.relative_to(found.top).as_posix()
    return Root(top=found.top, path=path, bare=found.bare, remote=found.remote)


def record_branch(place: str) -> str:
    """The branch of a project's record: `headway`, and of a project in a folder of a monorepo one of its own.

    docs/decisions/0191 says why.

    >>> record_branch(""), record_branch("ml/delay")
    ('headway', 'headway+ml+delay')
    """
    if not re.fullmatch(r"[A-Za-z0-9._/-]*", place, re.ASCII):
        raise RefusedError(
            f"The folder {place!r} cannot name the branch of its record. Use letters, digits, `.`, `_` and `-`."
        )
    return check_branch("+".join([_RECORD, *(part for part in place.split("/") if part)]))


def _project(start: Path, top: Path) -> Path:
    """The nearest folder with headway.yaml, at or above `start` and inside the repository; else the top."""
    inside = (folder for folder in (start, *start.parents) if folder.is_relative_to(top))
    return next((folder for folder in inside if (folder / PROJECT_FILE).is_file()), top)
