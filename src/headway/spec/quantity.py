"""Quantities with a unit in their text: `90d`, `1.5x`, `0.5pp`, `5%`, `100/s`, `512Mi`.

Each is a plain number in one base unit, so arithmetic needs no conversion; the type carries which text
form the loader accepts.  The text forms are read and written here and nowhere else.
"""

import re
from collections.abc import Callable, Mapping
from typing import Annotated

from msgspec import Meta

__all__ = [
    "NAMES", "PATTERNS", "QUANTITIES", "QUANTITY", "ByteSize", "PerSecond", "Ratio", "Seconds", "Share",
    "bare", "suggestion", "written",
]  # fmt: skip

# The key in `extra` under which a type names its row in QUANTITIES.
QUANTITY = "quantity"

Seconds = Annotated[float, Meta(extra={QUANTITY: "seconds"})]
Ratio = Annotated[float, Meta(extra={QUANTITY: "ratio"})]
Share = Annotated[float, Meta(extra={QUANTITY: "share"})]
PerSecond = Annotated[float, Meta(extra={QUANTITY: "per_second"})]
ByteSize = Annotated[int, Meta(extra={QUANTITY: "byte_size"})]

# What people call each, with samples.
NAMES: Mapping[str, str] = {
    "seconds": "a duration such as 250ms, 60s, 10m, 2h or 90d",
    "ratio": "a factor such as 1.5x",
    "share": "a share such as 5% or 0.5pp",
    "per_second": "a rate such as 100/s",
    "byte_size": "a size such as 512Mi or 2G",
}

# So many digits that no number is infinite, and whoever reads a schema can tell as much as we can.
_NUMBER = r"([0-9]{1,15}(?:\.[0-9]{1,15})?)"
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES = {"": 1, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "k": 10**3, "M": 10**6, "G": 10**9}
_PER = {"s": 1.0, "m": 60.0, "h": 3600.0}

# Zero is zero in every unit but a factor's; any other bare number could mean several things (0.5: a half, or 0.5 %?).
PATTERNS: Mapping[str, str] = {
    "seconds": _NUMBER + "(ms|s|m|h|d)|0",
    "ratio": _NUMBER + "(x)",
    "share": _NUMBER + "(%|pp)|0",
    "per_second": _NUMBER + "/(s|m|h)|0",
    "byte_size": _NUMBER + "(Ki|Mi|Gi|Ti|k|M|G)|[0-9]{1,15}",
}
_COMPILED = {name: re.compile(pattern, re.ASCII) for name, pattern in PATTERNS.items()}


def seconds(text: str) -> float:
    """Read a duration in seconds; ValueError says the form wanted.

    >>> seconds("90d"), seconds("250ms"), seconds("0")
    (7776000.0, 0.25, 0.0)
    """
    number, unit = _match(text, "seconds")
    return float(number) * _SECONDS[unit or "s"]


def ratio(text: str) -> float:
    """Read a factor; ValueError says the form wanted.

    >>> ratio("1.5x")
    1.5
    """
    return float(_match(text, "ratio")[0])


def share(text: str) -> float:
    """Read a percentage or percentage points as a part of one; ValueError says the form wanted.

    >>> share("5%"), share("0.5pp")
    (0.05, 0.005)
    """
    return float(_match(text, "share")[0]) / 100


def per_second(text: str) -> float:
    """Read a rate in events a second; ValueError says the form wanted.

    >>> per_second("100/s")
    100.0
    """
    number, unit = _match(text, "per_second")
    return float(number) / _PER[unit or "s"]


def byte_size(text: str) -> int:
    """Read a size in bytes; ValueError says the form wanted.

    >>> byte_size("512Mi")
    536870912
    """
    number, unit = _match(text, "byte_size")
    return int(float(number) * _BYTES[unit])


def _match(text: str, name: str) -> tuple[str, str]:
    found = _COMPILED[name].fullmatch(text)
    if found is None:
        raise ValueError(f"wanted {NAMES[name]}")
    # Without a unit it is the second form of its pattern: a zero, or bytes.
    return (found[0], "") if found[1] is None else (found[1], found[2])


QUANTITIES: Mapping[str, Callable[[str], float]] = {
    "seconds": seconds,
    "ratio": ratio,
    "share": share,
    "per_second": per_second,
    "byte_size": byte_size,
}


def bare(name: str, value: float) -> float | None:
    """What a number without a unit means as a quantity; None when that is not clear.

    >>> bare("seconds", 0), bare("seconds", 60), bare("byte_size", 1024), bare("ratio", 0)
    (0.0, None, 1024, None)
    """
    if name == "byte_size":
        return int(value) if value >= 0 and not value % 1 else None
    return 0.0 if value == 0 and name != "ratio" else None


def written(name: str, value: float) -> str:
    """Write a quantity in the largest unit that takes it without a fraction.

    >>> written("seconds", 7200.0), written("share", 0.005), written("byte_size", 2**29), written("per_second", 0.5)
    ('2h', '0.5%', '512Mi', '0.5/s')
    """
    match name:
        case "ratio":
            return f"{_digits(value)}x"
        case "share":
            return f"{_digits(value * 100)}%"
        case "per_second":
            return f"{_digits(value)}/s"
        case "byte_size":
            return _in_units(value, {unit: size for unit, size in _BYTES.items() if unit[-1:] in {"", "i"}}, "")
        case _:
            return _in_units(value, {unit: size for unit, size in _SECONDS.items() if unit != "ms"}, "s")


def suggestion(name: str, value: object) -> str:
    """What the writer of a bare number probably meant; empty when that is not clear.

    >>> suggestion("share", 0.05), suggestion("seconds", 60), suggestion("share", "a few")
    ('`5%`', '`60s`', '')
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 2**53:
        return ""
    if name == "share":
        return f"`{_digits(value * 100)}%`" if value < 1 else f"`{_digits(value)}%`"
    unit = {"seconds": "s", "ratio": "x", "per_second": "/s"}.get(name)
    return f"`{_digits(value)}{unit}`" if unit else ""


def _in_units(value: float, units: Mapping[str, float], least: str) -> str:
    fitting = [unit for unit, size in units.items() if value and not value % size]
    unit = max(fitting, key=lambda each: units[each], default=least)
    if not fitting and least and 0 < value < 1:
        return f"{_digits(value * 1000)}ms"
    return f"{_digits(value / units[unit])}{unit}"


def _digits(value: float) -> str:
    """Without an exponent, which the text forms do not have."""
    text = f"{value:.12g}"
    return f"{value:.12f}".rstrip("0").rstrip(".") if "e" in text else text
