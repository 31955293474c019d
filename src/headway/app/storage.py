"""Opens the store that a project names.  Apart from the wiring, so that `verify` needs no other adapter installed."""

from pathlib import Path

from headway.adapters.store.folder import FolderStore
from headway.app.errors import RefusedError
from headway.app.repository import Repository

__all__ = ["open_store", "store_at"]


def open_store(repository: Repository) -> FolderStore:
    """The store that headway.yaml names; RefusedError for a kind that this version cannot open."""
    repository.require_work_tree()
    # As last seen: where the store lies is no reason to wait for a remote.
    commit = repository.source.seen() or repository.source.refresh().commit
    address = repository.wish_at(commit).project.spec.store
    return store_at(address, repository.project)


def store_at(address: str, base: Path) -> FolderStore:
    """The store of an address, `file:FOLDER` relative to `base`; RefusedError for a kind that cannot be opened."""
    kind, _, rest = address.partition(":")
    if kind != "file" or not rest:
        raise RefusedError(f"The store {address!r} cannot be opened: write file:FOLDER.")
    return FolderStore(base / rest)
