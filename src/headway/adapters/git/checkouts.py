"""Keeps a person's checkout of the record as it is while the record goes on (docs/decisions/0193)."""

import os
from pathlib import Path

from headway.adapters.git.program import Git

__all__ = ["leave_checkouts"]


def leave_checkouts(git: Git, ref: str) -> None:
    """Detach the HEAD of every work tree that has this branch checked out; its files and index stay as they are.

    Otherwise the branch would move under them: every new record would look like a file that the person removed, and
    their next commit would remove it in truth.
    """
    # Git names only one work tree of a branch here, but checks a branch out in a second one only when forced to.
    place = git.ask("for-each-ref", "--format=%(worktreepath)", ref).output.rstrip(b"\n")
    if place:
        git.at(Path(os.fsdecode(place))).ask(
            "update-ref", "--no-deref", "-m", "headway: the record goes on", "HEAD", ref
        )
