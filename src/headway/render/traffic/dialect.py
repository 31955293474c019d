"""What a traffic router's dialect does: say a route in the router's objects, and read it back.  Knows no reasons."""

from collections.abc import Sequence
from typing import Protocol

from headway.evidence.weights import Route
from headway.render.manifest import Object

__all__ = ["PARTS_PER_PERCENT", "Traffic", "parts", "percent"]

# Routers take whole numbers.  A thousandth of a percent is finer than any stage, and 100 % (100,000) stays below the
# Gateway API's limit of 1,000,000.
PARTS_PER_PERCENT = 1000


class Traffic(Protocol):
    """Law: `read(write(route)) == route` for weights in thousandths of a percent."""

    def write(self, route: Route) -> tuple[Object, ...]:
        """The objects that make the router split requests so."""

    def read(self, objects: Sequence[Object]) -> Route | None:
        """The route that these objects say; None when none of them is this router's."""


def parts(percent_: float) -> int:
    """A percent as a whole number of parts; ValueError outside 0 to 100.

    >>> parts(0.5)
    500
    """
    if not 0 <= percent_ <= 100:
        raise ValueError(f"a weight of {percent_} is no percent; give 0 to 100")
    return round(percent_ * PARTS_PER_PERCENT)


def percent(parts_: int) -> float:
    """Parts as a percent.

    >>> percent(500)
    0.5
    """
    return parts_ / PARTS_PER_PERCENT
