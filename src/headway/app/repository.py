"""A team's repository as commands open it: where it is, its wish, its record, this machine's key."""

from dataclasses import dataclass
from pathlib import Path

from headway.adapters.git.journal import GitJournal
from headway.adapters.git.program import Git
from headway.adapters.git.source import GitSource
from headway.app.branches import people_branch
from headway.app.errors import RefusedError
from headway.app.reading import papers_at
from headway.app.root import PROJECT_FILE, find_root, record_branch
from headway.app.settings import Settings, read_settings
from headway.reconcile.ports import PortError
from headway.spec.wish import Wish, judged

__all__ = ["PROJECT_FILE", "Repository", "open_repository"]


@dataclass(frozen=True, kw_only=True)
class Repository:
    """`root` is Git's top folder, `path` the project's folder in it (empty: the top), `folder` what Headway keeps."""

    root: Path
    path: str
    bare: bool
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
        """What Headway keeps beside the work tree: the store, the runtime's state, locks of processes."""
        self.require_work_tree()
        return self.project / ".headway"

    def wish_at(self, commit: str) -> Wish:
        """The wish at a commit; PortError when there is no such commit, and no commit at all says why."""
        if not commit:
            raise PortError(self.source.absence())
        return judged(papers_at(self.source, commit), {})

    def require_work_tree(self) -> None:
        """RefusedError in a bare repository: it can be read and verified, but has no place for data and models."""
        if self.bare:
            raise RefusedError(f"{self.root} is a bare repository: clone it, and run this command in the clone.")

    def require_project(self, commit: str) -> None:
        """RefusedError when a commit has no headway.yaml in the project's folder."""
        if commit and PROJECT_FILE not in self.source.files(commit):
            where = f"{self.path}/{PROJECT_FILE}" if self.path else PROJECT_FILE
            raise RefusedError(
                f"There is no {where} at {commit[:12]}: nothing can be decided without it. `headway init` writes one; "
                "commit it. In a monorepo, `--path DIR` names the project's folder."
            )


def open_repository(start: Path, *, patience_s: float | None = None) -> Repository:
    """Find the project at or above a folder, inside its repository; RefusedError says what is missing.

    `patience_s` is how long a call may wait for the remote before it goes on without the answer (default: to the end).
    With 0 nothing is fetched: the commands that only show must change nothing, not even in Git.
    """
    settings = read_settings()
    try:
        found = find_root(start, settings.environ)
        branch = people_branch(Git(found.top, settings.environ), found.top / found.path, found.path, found.remote)
        return Repository(
            root=found.top,
            path=found.path,
            bare=found.bare,
            source=GitSource(
                found.top,
                branch,
                path=found.path,
                remote=found.remote,
                environ=settings.environ,
                patience_s=patience_s,
            ),
            journal=GitJournal(
                found.top,
                record_branch(found.path),
                remote=found.remote,
                environ=settings.environ,
                patience_s=patience_s,
            ),
            settings=settings,
            remote=found.remote,
        )
    except PortError as error:
        raise RefusedError(str(error)) from error
