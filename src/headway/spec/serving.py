"""How a model is served: replicas, resources, scaling."""

from msgspec import Struct

from headway.spec.quantity import ByteSize

__all__ = ["Replicas", "Resources", "Scale", "Serve"]


class Replicas(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How many copies answer."""

    min: int = 1
    max: int = 1


class Resources(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What one copy may use."""

    cpu: float = 1.0
    memory: ByteSize = 512 * 2**20


class Scale(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Targets of the autoscaler: percent of cpu and memory, requests a second a replica."""

    cpu: int | None = 70
    memory: int | None = None
    qps: float | None = None


class Serve(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The serving part of a model."""

    replicas: Replicas = Replicas()
    resources: Resources = Resources()
    scale: Scale = Scale()
