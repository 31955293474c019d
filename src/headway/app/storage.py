"""Opens the store that a project names.  Apart from the wiring, so that `verify` needs no other adapter installed."""

from headway.adapters.store.folder import FolderStore
from headway.app.errors import RefusedError
from headway.app.repository import Repository

__all__ = ["open_store"]


def open_store(repository: Repository) -> FolderStore:
    """The store that headway.yaml names; RefusedError for a kind that this version cannot open."""
    head = repository.source.refresh()
    address = repository.wish_at(head.commit).project.spec.store
    kind, _, rest = address.partition(":")
    if kind != "file" or not rest:
        raise RefusedError(f"store: {address!r} in headway.yaml cannot be opened: write file:FOLDER.")
    return FolderStore(repository.project / rest)
