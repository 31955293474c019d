"""kind Release: which versions serve in an environment.  Written by Headway only, one file a model."""

from msgspec import Struct

from headway.spec.metadata import ApiVersion, Metadata

__all__ = ["Release", "ReleaseSpec", "Served"]


class Served(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A version, and the digest of the bundle that is meant by it."""

    version: str
    bundle: str


class ReleaseSpec(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """`stable` answers; `candidate`, if any, is on its way and judged `over` the stable it started from."""

    environment: str
    stable: Served | None = None
    candidate: Served | None = None
    over: Served | None = None
    retired: bool = False


class Release(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="kind", tag="Release"
):
    """kind Release."""

    metadata: Metadata
    spec: ReleaseSpec
    apiVersion: ApiVersion  # noqa: N815 - the wire name
