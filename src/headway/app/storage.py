"""Opens the store that a project names.  Apart from the wiring, so that `verify` needs no other adapter installed."""

from pathlib import Path

from headway.adapters.store.folder import FolderStore
from headway.app.errors import RefusedError
from headway.app.repository import Repository
from headway.app.root import PROJECT_FILE
from headway.spec.wish import Wish, load_wish

__all__ = ["open_store", "store_at"]


def open_store(repository: Repository) -> FolderStore:
    """The store that headway.yaml names; RefusedError for a kind that this version cannot open."""
    repository.require_work_tree()
    # As last seen: where the store lies is no reason to wait for a remote.
    commit = repository.source.seen() or repository.source.refresh().commit
    wish = repository.wish_at(commit) if commit else _on_disk(repository)
    return store_at(wish.project.spec.store, repository.project)


def store_at(address: str, base: Path) -> FolderStore:
    """The store of an address, `file:FOLDER` relative to `base`; RefusedError for a kind that cannot be opened."""
    kind, _, rest = address.partition(":")
    if kind != "file" or not rest:
        raise RefusedError(f"The store {address!r} cannot be opened: write file:FOLDER.")
    return FolderStore(base / rest)


def _on_disk(repository: Repository) -> Wish:
    """headway.yaml as it lies there: `train` works before the first commit, too."""
    path = repository.project / PROJECT_FILE
    return load_wish({PROJECT_FILE: path.read_bytes()} if path.is_file() else {}, {PROJECT_FILE})
