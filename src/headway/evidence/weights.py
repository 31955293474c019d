"""How one route's requests are split between versions."""

from msgspec import Struct

__all__ = ["Backend", "Route"]


class Backend(Struct, frozen=True, kw_only=True):
    """A version that answers, the service that carries it, and its percent of the route's requests."""

    version: str
    service: str
    weight: float


class Route(Struct, frozen=True, kw_only=True):
    """One model's way in, in one environment.  The first backend is the stable one; weights add up to 100."""

    model: str
    environment: str
    backends: tuple[Backend, ...]
    listen: str = ""
