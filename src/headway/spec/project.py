"""kind Project: the store, the order of environments, and who may do what."""

from msgspec import Struct

from headway.spec.metadata import ApiVersion, Metadata

__all__ = ["Project", "ProjectSpec", "Rights", "Signer"]


class Rights(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a key may sign for; `approve` and `decide` name environments."""

    train: bool = False
    approve: tuple[str, ...] = ()
    decide: tuple[str, ...] = ()


class Signer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A person or machine: an Ed25519 public key (hex) and its rights.

    `revoked_after` names the last record (digest of its envelope) of this key that is trusted.
    """

    name: str
    key: str
    may: Rights = Rights()
    revoked_after: str | None = None


class ProjectSpec(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The wishes for a repository as a whole."""

    environments: tuple[str, ...]
    signers: tuple[Signer, ...] = ()
    threshold: int = 1
    store: str = "file:.headway/store"
    branch: str = "main"


class Project(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="kind", tag="Project"
):
    """kind Project."""

    metadata: Metadata
    spec: ProjectSpec
    apiVersion: ApiVersion  # noqa: N815 - the wire name
