"""Finds the repository that a folder lies in, and says in one sentence why there is none that can be read."""

from pathlib import Path

from msgspec import Struct

from headway.adapters.git.program import Git
from headway.reconcile.ports import PortError

__all__ = ["Place", "find"]


class Place(Struct, frozen=True, kw_only=True):
    """Git's top folder (of a bare repository, the repository itself), and the remote that is asked, if any."""

    top: Path
    bare: bool
    remote: str | None


def find(git: Git) -> Place:
    """Where the folder that `git` runs in belongs; PortError says what is missing."""
    outcome = git.ask("rev-parse", "--is-bare-repository", "--is-inside-work-tree", "--absolute-git-dir")
    if outcome.status:
        raise PortError(_why(git, outcome.complaint))
    bare, inside, folder = outcome.output.decode(errors="surrogateescape").rstrip("\n").split("\n", 2)
    if bare != "true" and inside != "true":
        raise PortError(f"{git.repo} lies inside {folder}, where Git keeps its own files. Name the work tree instead.")
    top = folder if bare == "true" else git.run("rev-parse", "--show-toplevel").decode(errors="surrogateescape")
    remotes = git.line("remote").split()
    return Place(top=Path(top.rstrip("\n")), bare=bare == "true", remote="origin" if "origin" in remotes else None)


def _why(git: Git, complaint: str) -> str:
    if "dubious ownership" in complaint:
        return (
            f"{git.repo} belongs to another user, and Git reads no repository of others. When you trust its owner, run "
            f"`git config --global --add safe.directory {git.repo}`."
        )
    if "not a git repository" in complaint:
        return f"{git.repo} is in no Git repository. `headway init` makes one; `--repo DIR` names another."
    return f"{git.repo} is no Git repository that can be read: {complaint}"
