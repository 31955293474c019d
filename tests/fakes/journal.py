"""The port Journal in memory, with a remote that several journals share."""

from collections.abc import Iterator, Mapping

from msgspec import structs

from headway.reconcile.ports import Change, Commit, Head, MovedError, PortError, Rewrite
from headway.spec.digest import digest_of

__all__ = ["MemoryJournal", "MemoryRemote"]


class MemoryRemote:
    """What a bare repository would hold; `away` makes it unreachable."""

    def __init__(self) -> None:
        self.line: list[tuple[Commit, Change]] = []
        self.away = False


class MemoryJournal:
    """A line of commits."""

    def __init__(self, remote: MemoryRemote | None = None) -> None:
        self.line: list[tuple[Commit, Change]] = []
        self.remote = remote
        self._shared = 0  # how many of `line` the remote has

    def refresh(self) -> Head:
        """Take what the remote has when nothing of ours is unpushed."""
        if self.remote is None:
            return self._stand()
        if self.remote.away:
            return self._stand("the remote is away")
        if self._rewritten():
            return self._stand("the remote does not go on from what was seen", rewritten=True)
        if len(self.line) == self._shared:
            self.line = list(self.remote.line)
            self._shared = len(self.line)
        return self._stand()

    def commits(self, after: str = "") -> Iterator[Commit]:
        """Commits oldest first."""
        ids = [commit.id for commit, _ in self.line]
        if after and after not in ids:
            raise (MovedError if self.remote else PortError)(f"{after} is no part of the journal")
        return iter([commit for commit, _ in self.line[ids.index(after) + 1 if after else 0 :]])

    def files(self, prefix: str) -> Mapping[str, bytes]:
        """Files below a folder at the head."""
        found: dict[str, bytes | None] = {}
        for commit, _ in self.line:
            found |= commit.files
        below = prefix.strip("/") + "/" if prefix.strip("/") else ""
        return {path: data for path, data in found.items() if data is not None and path.startswith(below)}

    def append(self, change: Change, onto: str | None = None) -> str:
        """Commit on the local head."""
        if onto is not None and onto != self._head():
            raise MovedError("the journal moved")
        present = self.files("")
        commit = Commit(
            id="",
            parents=(self._head(),) if self.line else (),
            files={path: data for path, data in change.files.items() if present.get(path) != data},
            subject=change.subject,
            at=float(len(self.line)),
        )
        name = digest_of([commit.parents, change.subject, change.body, sorted(change.files), len(self.line), id(self)])
        self.line.append((structs.replace(commit, id=name[:40]), change))
        return name[:40]

    def publish(self, rewrite: Rewrite) -> Head:
        """Push what is ahead; rewrite it when the remote moved."""
        if self.remote is None or self.remote.away:
            return self._stand("the remote is away" if self.remote else "")
        if self._rewritten():
            return self._stand("the remote does not go on from what was seen", rewritten=True)
        if len(self.remote.line) > self._shared:
            mine = [change for _, change in self.line[self._shared :]]
            theirs = [commit for commit, _ in self.remote.line[self._shared :]]
            again = rewrite(mine, theirs) if mine else []
            self.line = list(self.remote.line)
            for change in again:
                self.append(change)
        self.remote.line = list(self.line)
        self._shared = len(self.line)
        return self._stand()

    def _rewritten(self) -> bool:
        return bool(self.remote) and self.remote.line[: self._shared] != self.line[: self._shared]

    def _head(self) -> str:
        return self.line[-1][0].id if self.line else ""

    def _stand(self, problem: str = "", *, rewritten: bool = False) -> Head:
        ahead = len(self.line) - self._shared if self.remote else 0
        return Head(commit=self._head(), ahead=ahead, problem=problem, rewritten=rewritten)
