"""kind Lock: the exact bytes that a model learns from and is tested on.  Written by Headway only."""

from msgspec import Struct

from headway.spec.metadata import ApiVersion, Metadata

__all__ = ["Lock", "LockSpec", "PinnedFile"]


class PinnedFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One file: its path relative to the model's folder, its size in bytes, its SHA-256."""

    path: str
    size: int
    sha256: str
    rows: int | None = None


class LockSpec(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The files as found (`sources`), and the two parts made of them by the split."""

    sources: tuple[PinnedFile, ...]
    train: tuple[PinnedFile, ...]
    test: tuple[PinnedFile, ...]
    split: str  # digest of the data section that made the parts
    undated: int = 0  # rows without a value in `split.by`, which are in neither part


class Lock(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="kind", tag="Lock"
):
    """kind Lock."""

    metadata: Metadata
    spec: LockSpec
    apiVersion: ApiVersion  # noqa: N815 - the wire name
