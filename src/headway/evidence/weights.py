"""How one route's requests are split between versions."""

from typing import Literal, TypeAlias

from msgspec import Struct

__all__ = ["Backend", "Route", "Split"]

# What a version's share of the requests means: it answers them, or it gets copies of requests that stable answers.
Split: TypeAlias = Literal["answers", "copies"]


class Backend(Struct, frozen=True, kw_only=True):
    """A version that answers, the service that carries it, and its percent of the route's requests."""

    version: str
    service: str
    weight: float


class Route(Struct, frozen=True, kw_only=True):
    """One model's way in, in one environment.  The first backend is the stable one; weights add up to 100.

    With `copies`, requests are split all the same, and stable answers those of the others, too: each other version gets
    a copy of every request in its share, and what it answers reaches no user.
    """

    model: str
    environment: str
    backends: tuple[Backend, ...]
    listen: str = ""
    split: Split = "answers"
