"""Proves what the branch headway proves, and says what it cannot.  Reads no Git: commits come in as values."""

from collections.abc import Mapping

from msgspec import Struct

__all__ = ["Written"]


class Written(Struct, frozen=True, kw_only=True):
    """One commit of the branch: what it wrote (None: removed)."""

    id: str
    parents: tuple[str, ...]
    files: Mapping[str, bytes | None]
