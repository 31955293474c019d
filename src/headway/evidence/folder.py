"""The digest of a folder: SHA-256 of its canonical listing, so that store, bundle and server agree on one name."""

from collections.abc import Iterable

from msgspec import Struct

from headway.spec.digest import canonical, digest

__all__ = ["FileDigest", "folder_digest", "listing"]


class FileDigest(Struct, frozen=True, kw_only=True):
    """A file: path relative to the folder with `/`, size in bytes, SHA-256."""

    path: str
    size: int
    sha256: str


def listing(files: Iterable[FileDigest]) -> bytes:
    """The canonical listing of a folder: its files by path."""
    return canonical(sorted(files, key=lambda file: file.path))


def folder_digest(files: Iterable[FileDigest]) -> str:
    """The digest that names a folder; no two folders with different files or bytes share it.

    >>> folder_digest([]) == digest(b"[]")
    True
    """
    return digest(listing(files))
