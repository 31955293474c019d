"""From a tree of files, in Git or on disk, to what is wished there."""

from collections.abc import Iterable, Mapping
from typing import Protocol

from headway.reconcile.ports import Blob
from headway.spec.load import MARK, kind_at
from headway.spec.papers import Papers, read_papers
from headway.spec.yaml import MOST_BYTES

__all__ = ["Tree", "papers_at"]


class Tree(Protocol):
    """A commit or a work tree, with what it refuses."""

    def files(self, commit: str) -> Mapping[str, Blob]:
        """Every regular file."""

    def refused(self, commit: str) -> Mapping[str, str]:
        """Links, submodules and hostile names, with the reason."""

    def read(self, commit: str, paths: Iterable[str]) -> Mapping[str, bytes]:
        """The bytes of the files named."""


def papers_at(tree: Tree, commit: str) -> Papers:
    """Every document of ours; only files of a size that is read are asked for."""
    files = tree.files(commit)
    ours = {path: blob.size for path, blob in files.items() if kind_at(path, MARK)}
    large = {
        path: f"it has {size:,} bytes, and at most {MOST_BYTES:,} are read"
        for path, size in ours.items()
        if size > MOST_BYTES and kind_at(path)
    }
    data = tree.read(commit, [path for path, size in ours.items() if size <= MOST_BYTES])
    return read_papers(data, files.keys(), {**tree.refused(commit), **large})
