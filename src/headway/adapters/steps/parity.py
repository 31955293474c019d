"""Does the converted model answer as the original does?  Both were asked the same rows through the same checks."""

from collections.abc import Mapping, Sequence
from typing import Any

from headway.evidence.bundle import Parity

__all__ = ["objection", "parity"]

Outputs = Mapping[str, Sequence[Any]]

# A label may differ only where two classes are as good as equally likely; float32 keeps about seven digits.
LARGEST_DIFFERENCE = 1e-4
MISMATCHES_AT_MOST = 0.001


def parity(original: Outputs, converted: Outputs) -> Parity:
    """Rows compared, rows whose label differs or which only one of the two answers, and the largest difference.

    Differences of probabilities are absolute, those of numbers relative to the original's magnitude if above 1.
    """
    mismatches, largest, rows = 0, 0.0, 0
    first = next(iter(original))
    for at, known in enumerate(original[first]):
        found = converted[first][at]
        if known is None and found is None:
            continue
        rows += 1
        if known is None or found is None:
            mismatches += 1
            continue
        mismatches += "label" in original and original["label"][at] != converted["label"][at]
        for name in original:
            if name != "label":
                largest = max(largest, _difference(original[name][at], converted[name][at]))
    return Parity(rows=rows, mismatches=mismatches, largest_difference=largest)


def objection(found: Parity) -> str:
    """Why the converted model is not good enough; empty when it is."""
    if (
        found.rows
        and found.mismatches <= MISMATCHES_AT_MOST * found.rows
        and found.largest_difference <= LARGEST_DIFFERENCE
    ):
        return ""
    return (
        f"converted to ONNX it answers otherwise: {found.mismatches} of {found.rows} rows mismatch, "
        f"largest difference {found.largest_difference:.2g}"
    )


def _difference(known: float | list[float], found: float | list[float]) -> float:
    if isinstance(known, list) and isinstance(found, list):
        return max(abs(a - b) for a, b in zip(known, found, strict=True))
    if isinstance(known, list) or isinstance(found, list):
        return float("inf")
    return abs(known - found) / max(1.0, abs(known))
