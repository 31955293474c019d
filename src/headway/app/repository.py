"""A team's repository as commands open it: where it is, its wish, its record, this machine's key."""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from headway.adapters.git.journal import GitJournal
from headway.adapters.git.source import GitSource
from headway.app.errors import RefusedError
from headway.app.reading import papers_at
from headway.app.settings import Settings, read_settings
from headway.reconcile.ports import PortError
from headway.spec.wish import Wish, judged

__all__ = ["Repository", "open_repository"]

PROJECT_FILE = "headway.yaml"
GIT_LIMIT_S = 20


@dataclass(frozen=True, kw_only=True)
class Repository:
    """`root` is Git's top folder, `path` the project's folder in it (empty: the top), `folder` what Headway keeps."""

    root: Path
    path: str
    source: GitSource
    journal: GitJournal
    settings: Settings
    remote: str | None

    @property
    def project(self) -> Path:
        """The folder that holds headway.yaml."""
        return self.root / self.path

    @property
    def folder(self) -> Path:
        """What Headway keeps beside the repository: the store, the runtime's state, locks of processes."""
        return self.project / ".headway"

    def wish_at(self, commit: str) -> Wish:
        """The wish at a commit; PortError when the commit is not there."""
        return judged(papers_at(self.source, commit), {})


def open_repository(start: Path, *, looks: bool = False) -> Repository:
    """Find the repository at or above a folder; RefusedError says what is missing.

    With `looks` nothing is fetched: the commands that only show must change nothing, not even in Git.
    """
    settings = read_settings()
    root = _top(start, settings.environ)
    project = next((folder for folder in (start, *start.parents) if (folder / PROJECT_FILE).is_file()), root)
    path = project.relative_to(root).as_posix() if project.is_relative_to(root) else "."
    place = "" if path == "." else path
    remote = _remote(root, settings.environ)
    return Repository(
        root=root,
        path=place,
        source=GitSource(root, path=place, remote=remote, environ=settings.environ, fetches=not looks),
        journal=GitJournal(root, remote=remote, environ=settings.environ, fetches=not looks),
        settings=settings,
        remote=remote,
    )


def _top(start: Path, environ: Mapping[str, str]) -> Path:
    done = _git(start, environ, "rev-parse", "--show-toplevel")
    if done is None:
        raise RefusedError(f"{start} is in no Git repository. `headway init` makes one; `--repo DIR` names another.")
    return Path(done)


def _remote(root: Path, environ: Mapping[str, str]) -> str | None:
    names = (_git(root, environ, "remote") or "").split()
    return "origin" if "origin" in names else None


def _git(folder: Path, environ: Mapping[str, str], *args: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *args],
            env={**environ, "LC_ALL": "C"},
            capture_output=True,
            text=True,
            timeout=GIT_LIMIT_S,
            check=False,
        )
    except FileNotFoundError:
        raise RefusedError("git is missing: install it (Debian: apt install git) and start again.") from None
    except subprocess.TimeoutExpired:
        raise PortError(f"git did not answer within {GIT_LIMIT_S} s in {folder}.") from None
    return done.stdout.strip() if done.returncode == 0 else None
