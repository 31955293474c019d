"""Which branch people write, as headway.yaml says; docs/decisions/0190 says why."""

from pathlib import Path

from headway.adapters.git.names import check_branch
from headway.adapters.git.objects import blob_at
from headway.adapters.git.program import Git
from headway.app.errors import RefusedError
from headway.app.root import PROJECT_FILE, record_branch
from headway.spec.project import ProjectSpec
from headway.spec.wish import load_wish

__all__ = ["people_branch", "read_project"]

_DEFAULT = "main"
_AT_MOST = 2**20


def read_project(data: bytes) -> ProjectSpec | None:
    """The project that headway.yaml describes; None when it describes none that can be used."""
    wish = load_wish({PROJECT_FILE: data}, {PROJECT_FILE})
    return wish.project.spec if wish.project.spec.environments else None


def people_branch(git: Git, project: Path, place: str, remote: str | None) -> str:
    """The branch that headway.yaml names: the file as it lies on disk, else as it is checked out, else `main`.

    RefusedError when that branch's own headway.yaml names another, or when it is the record's.
    """
    file = f"{place}/{PROJECT_FILE}" if place else PROJECT_FILE
    found = _named(_on_disk(project / PROJECT_FILE)) or _named(blob_at(git, "HEAD", file)) or _DEFAULT
    branch = check_branch(found)
    if branch == record_branch(place):
        raise RefusedError(
            f"headway.yaml says `branch: {branch}`, which Headway writes itself. Name the one people write."
        )
    tip = f"refs/remotes/{remote}/{branch}" if remote else f"refs/heads/{branch}"
    says = _named(blob_at(git, tip, file))
    if says and says != branch:
        raise RefusedError(
            f"headway.yaml here says that people write `{branch}`, and on {branch} it says `{says}`. Bring this "
            f"checkout up to date, or commit `branch: {branch}` on {branch}."
        )
    return branch


def _on_disk(path: Path) -> bytes | None:
    try:
        with path.open("rb") as file:
            return file.read(_AT_MOST + 1)
    except OSError:
        return None


def _named(data: bytes | None) -> str:
    project = read_project(data) if data else None
    return project.branch if project else ""
