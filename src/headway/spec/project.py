"""kind Project: the store, the order of environments, and who may do what."""

from msgspec import Struct

from headway.spec.metadata import ApiVersion, Metadata

__all__ = ["Project", "ProjectSpec", "Rights", "Signer"]


class Rights(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a key may sign for.

    Attributes:
        train: May it sign trainings, which make versions?
        approve: The environments into which it may approve versions.
        decide: The environments whose releases it writes; each environment has one decider.
    """

    train: bool = False
    approve: tuple[str, ...] = ()
    decide: tuple[str, ...] = ()


class Signer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A person or machine that signs records.

    Attributes:
        name: How records call it: letters, digits, `-` and `_`.
        key: Its public Ed25519 key, 64 small hex digits; `headway init` makes one.
        may: What it may sign for.
        revoked_after: The digest of its last trusted record, once the key is not to be trusted any more.
    """

    name: str
    key: str
    may: Rights = Rights()
    revoked_after: str | None = None


class ProjectSpec(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The wishes for a repository as a whole.

    Attributes:
        environments: The environments in the order in which a version moves through them.
        signers: Who may do what. A change takes force by `headway approve --signers`.
        threshold: How many signers of the list before must sign a change of the list.
        store: Where data and bundles are kept: `file:` and a folder.
        branch: The branch that people write and Headway reads.
    """

    environments: tuple[str, ...]
    signers: tuple[Signer, ...] = ()
    threshold: int = 1
    store: str = "file:.headway/store"
    branch: str = "main"


class Project(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="kind", tag="Project"
):
    """headway.yaml: the store, the order of environments, and who may do what.

    Attributes:
        metadata: Its name.
        spec: What is wished.
        apiVersion: The version of this form.
    """

    metadata: Metadata
    spec: ProjectSpec
    apiVersion: ApiVersion  # noqa: N815 - the wire name
