"""kind Release: which versions serve in an environment.  Written by Headway only, one file a model."""

from msgspec import Struct

from headway.spec.metadata import ApiVersion, Metadata

__all__ = ["Release", "ReleaseSpec", "Served"]


class Served(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A version, and the digest of the bundle that is meant by it.

    Attributes:
        version: MAJOR.MINOR.PATCH.
        bundle: SHA-256 of its bundle.
    """

    version: str
    bundle: str


class ReleaseSpec(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What serves in an environment.

    Attributes:
        environment: Which environment it speaks of.
        stable: The version that answers.
        candidate: The version on its way, if there is one.
        also: Versions that users see beside it in an experiment.
        over: The stable version that the candidate is judged against.
        retired: Is the model no longer served?
    """

    environment: str
    stable: Served | None = None
    candidate: Served | None = None
    also: tuple[Served, ...] = ()
    over: Served | None = None
    retired: bool = False


class Release(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="kind", tag="Release"
):
    """releases/ENVIRONMENT/NAME.yaml on the branch `headway`: which versions serve. Written by Headway only.

    Attributes:
        metadata: The model's name.
        spec: What serves.
        apiVersion: The version of this form.
    """

    metadata: Metadata
    spec: ReleaseSpec
    apiVersion: ApiVersion  # noqa: N815 - the wire name
