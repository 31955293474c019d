"""The port Source in memory."""

from collections.abc import Iterable, Mapping

from headway.reconcile.ports import Blob, Head, PortError
from headway.spec.digest import digest

__all__ = ["MemorySource"]


class MemorySource:
    """Commits by number; `commit` makes the next one, `away` takes the remote away."""

    def __init__(self) -> None:
        self.trees: dict[str, dict[str, bytes]] = {}
        self.head = ""
        self.problem = ""

    def commit(self, files: Mapping[str, bytes]) -> str:
        """A commit of exactly these files."""
        self.head = f"{len(self.trees) + 1:040x}"
        self.trees[self.head] = dict(files)
        return self.head

    def refresh(self) -> Head:
        """Where it stands."""
        return Head(commit=self.head, problem=self.problem)

    def files(self, commit: str) -> Mapping[str, Blob]:
        """Every file of a commit."""
        return {path: Blob(oid=digest(data), size=len(data)) for path, data in self._tree(commit).items()}

    def read(self, commit: str, paths: Iterable[str]) -> Mapping[str, bytes]:
        """The bytes of the files named."""
        tree = self._tree(commit)
        wanted = list(paths)
        for path in wanted:
            if path not in tree:
                raise PortError(f"{path} is not in {commit}")
        return {path: tree[path] for path in wanted}

    def _tree(self, commit: str) -> dict[str, bytes]:
        if commit not in self.trees:
            raise PortError(f"there is no commit {commit}")
        return self.trees[commit]
