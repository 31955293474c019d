"""Which names from a repository are taken: object ids, branches, and paths that stay where they are meant."""

import re

from headway.reconcile.ports import PortError

__all__ = ["check_branch", "check_oid", "fault_of", "place_in"]

_OID = re.compile("[0-9a-f]{40}|[0-9a-f]{64}")
_BRANCH = re.compile(r"(?!.*(\.\.|//|@\{|\.lock(/|$)))[A-Za-z0-9_][A-Za-z0-9._@/+-]*(?<![./])")
PATH_AT_MOST = 1024


def check_oid(text: str) -> str:
    """A full object id; PortError otherwise."""
    if _OID.fullmatch(text) is None:
        raise PortError(f"{text!r} is no commit: it takes all 40 (or 64) hex digits.")
    return text


def check_branch(text: str) -> str:
    """A branch or remote name that git takes and no option; PortError otherwise.

    >>> check_branch("main"), check_branch("team/main")
    ('main', 'team/main')
    """
    if _BRANCH.fullmatch(text) is None:
        raise PortError(f"{text!r} is no name of a branch or remote. Use letters, digits, `.`, `_`, `-` and `/`.")
    return text


def fault_of(path: bytes) -> str:
    """Why a path from a tree is not taken; empty for one that is.

    >>> fault_of(b"models/delay/train.py"), fault_of(b"--upload-pack=x")
    ('', 'its name looks like an option')
    """
    try:
        text = path.decode()
    except UnicodeDecodeError:
        return "its name is not UTF-8"
    parts = text.split("/")
    if any(part in {"", ".", ".."} or part.lower() == ".git" for part in parts):
        return "its path leads elsewhere"
    if any(part.startswith("-") for part in parts):
        return "its name looks like an option"
    if not text.isprintable():
        return "its name holds control characters"
    return "its path is too long" if len(path) > PATH_AT_MOST else ""


def place_in(path: str) -> str:
    """A folder of the repository, without slashes at its ends; PortError when it leads elsewhere.

    >>> place_in("ml/delay/"), place_in(".")
    ('ml/delay', '')
    """
    place = "" if path in {"", "."} else path.strip("/").removeprefix("./")
    if place and fault_of(place.encode(errors="surrogateescape")):
        raise PortError(f"{path!r} is no folder of a repository. Name it relative to the repository's root.")
    return place
