"""kind Lock: the exact bytes that a model learns from and is tested on.  Written by Headway only."""

from msgspec import Struct

from headway.spec.metadata import ApiVersion, Metadata

__all__ = ["Lock", "LockSpec", "PinnedFile"]


class PinnedFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One file, by its bytes.

    Attributes:
        path: Relative to the model's folder.
        size: In bytes.
        sha256: SHA-256 of its bytes.
        rows: How many rows it has, where that is known.
    """

    path: str
    size: int
    sha256: str
    rows: int | None = None


class LockSpec(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The files as found, and the two parts that the split made of them.

    Attributes:
        sources: The files as found.
        train: The training part.
        test: The test part.
        split: Digest of the data section that made the parts.
        undated: Rows without a value in `split.by`, which are in neither part.
    """

    sources: tuple[PinnedFile, ...]
    train: tuple[PinnedFile, ...]
    test: tuple[PinnedFile, ...]
    split: str
    undated: int = 0


class Lock(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="kind", tag="Lock"
):
    """locks/NAME.yaml on the branch `headway`: the exact bytes that a model learns from. Written by Headway only.

    Attributes:
        metadata: The model's name.
        spec: What is pinned.
        apiVersion: The version of this form.
    """

    metadata: Metadata
    spec: LockSpec
    apiVersion: ApiVersion  # noqa: N815 - the wire name
