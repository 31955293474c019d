"""How a model is served: replicas, resources, scaling, records of predictions."""

from msgspec import Struct

from headway.spec.quantity import ByteSize, Share

__all__ = ["Records", "Replicas", "Resources", "Scale", "Serve"]


class Replicas(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How many copies answer.

    Attributes:
        min: The fewest copies.
        max: The most copies; never fewer than `min`.
    """

    min: int = 1
    max: int = 1


class Resources(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What one copy may use.

    Attributes:
        cpu: Cores.
        memory: Memory; beyond it a copy is restarted.
    """

    cpu: float = 1.0
    memory: ByteSize = 512 * 2**20


class Scale(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Targets of the autoscaler.

    Attributes:
        cpu: Percent of `resources.cpu` in use; nothing: not looked at.
        memory: Percent of `resources.memory` in use; nothing: not looked at.
        qps: Requests a second a copy; nothing: not looked at.
    """

    cpu: int | None = 70
    memory: int | None = None
    qps: float | None = None


class Records(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which predictions are recorded, with request and answer, and what their records keep out.

    Where they go is the environment's to say.

    Attributes:
        sample: The share of predictions that is recorded; by their ids, so that every copy records the same.
        omit: Columns and outputs that records leave out.
        hash: Columns and outputs of which records hold a keyed hash only.
    """

    sample: Share = 1.0
    omit: tuple[str, ...] = ()
    hash: tuple[str, ...] = ()


class Serve(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The serving part of a model.

    Attributes:
        replicas: How many copies answer.
        resources: What one copy may use.
        scale: When more copies are wanted.
        records: Which predictions are recorded; nothing: none.
    """

    replicas: Replicas = Replicas()
    resources: Resources = Resources()
    scale: Scale = Scale()
    records: Records | None = None
