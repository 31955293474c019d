"""Quantities with a unit in their text: `90d`, `1.5x`, `0.5pp`, `5%`, `100/s`, `512Mi`.

Each is a plain number in one base unit, so arithmetic needs no conversion; the type carries which text
form the loader accepts.  The text forms are read here and nowhere else.
"""

import re
from collections.abc import Callable, Mapping
from typing import Annotated

from msgspec import Meta

__all__ = ["QUANTITIES", "ByteSize", "PerSecond", "Ratio", "Seconds", "Share"]

# The key in `extra` under which a type names its row in QUANTITIES.
QUANTITY = "quantity"

Seconds = Annotated[float, Meta(extra={QUANTITY: "seconds"})]
Ratio = Annotated[float, Meta(extra={QUANTITY: "ratio"})]
Share = Annotated[float, Meta(extra={QUANTITY: "share"})]
PerSecond = Annotated[float, Meta(extra={QUANTITY: "per_second"})]
ByteSize = Annotated[int, Meta(extra={QUANTITY: "byte_size"})]

_NUMBER = r"(\d+(?:\.\d+)?)"
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES = {"": 1, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "k": 10**3, "M": 10**6, "G": 10**9}
_PER = {"s": 1.0, "m": 60.0, "h": 3600.0}


def seconds(text: str) -> float:
    """Read a duration in seconds; ValueError says the form wanted.

    >>> seconds("90d"), seconds("250ms")
    (7776000.0, 0.25)
    """
    number, unit = _match(text, _NUMBER + "(ms|s|m|h|d)", "a duration such as 250ms, 60s, 10m, 2h or 90d")
    return float(number) * _SECONDS[unit]


def ratio(text: str) -> float:
    """Read a factor; ValueError says the form wanted.

    >>> ratio("1.5x")
    1.5
    """
    return float(_match(text, _NUMBER + "(x)", "a factor such as 1.5x")[0])


def share(text: str) -> float:
    """Read a percentage or percentage points as a part of one; ValueError says the form wanted.

    >>> share("5%"), share("0.5pp")
    (0.05, 0.005)
    """
    return float(_match(text, _NUMBER + "(%|pp)", "a share such as 5% or 0.5pp")[0]) / 100


def per_second(text: str) -> float:
    """Read a rate in events a second; ValueError says the form wanted.

    >>> per_second("100/s")
    100.0
    """
    number, unit = _match(text, _NUMBER + "/(s|m|h)", "a rate such as 100/s")
    return float(number) / _PER[unit]


def byte_size(text: str) -> int:
    """Read a size in bytes; ValueError says the form wanted.

    >>> byte_size("512Mi")
    536870912
    """
    number, unit = _match(text, _NUMBER + "(Ki|Mi|Gi|Ti|k|M|G|)", "a size such as 512Mi or 2G")
    return int(float(number) * _BYTES[unit])


def _match(text: str, pattern: str, wanted: str) -> tuple[str, str]:
    found = re.fullmatch(pattern, text, flags=re.ASCII)
    if found is None:
        raise ValueError(f"wanted {wanted}")
    return found.group(1), found.group(2)


QUANTITIES: Mapping[str, Callable[[str], float]] = {
    "seconds": seconds,
    "ratio": ratio,
    "share": share,
    "per_second": per_second,
    "byte_size": byte_size,
}
