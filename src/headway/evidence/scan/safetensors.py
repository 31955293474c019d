"""safetensors: a header in JSON, then raw numbers without a gap.  There is no code in it, if it is what it says."""

import json
import math
from collections.abc import Mapping

from headway.evidence.scan.fault import ForbiddenError
from headway.evidence.scan.report import Report

__all__ = ["read_safetensors", "tells_safetensors"]

# The format allows 100 MB; a header of this size names more than a hundred thousand tensors.
MOST_HEADER = 16 * 2**20
_BITS: Mapping[str, int] = {
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8, "I16": 16, "U16": 16, "F16": 16, "BF16": 16,
    "I32": 32, "U32": 32, "F32": 32, "F64": 64, "I64": 64, "U64": 64, "C64": 64, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6,
}  # fmt: skip


def tells_safetensors(data: bytes) -> bool:
    """A length of eight bytes, and JSON of that length behind it."""
    return len(data) > 9 and data[8:9] == b"{" and 2 <= int.from_bytes(data[:8], "little") <= len(data) - 8


def read_safetensors(data: bytes, report: Report) -> None:
    """Every tensor is as long as its shape says, and together they fill the file."""
    length = int.from_bytes(data[:8], "little")
    if length > MOST_HEADER:
        raise ForbiddenError(f"a safetensors header of more than {MOST_HEADER:,} bytes")
    try:
        header = json.loads(data[8 : 8 + length], object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise ForbiddenError(f"a safetensors header that is no JSON: {error}") from None
    told = header.pop("__metadata__", {})
    if not isinstance(told, dict) or not all(isinstance(value, str) for value in told.values()):
        raise ForbiddenError("safetensors metadata that is not made of texts")
    for key, value in told.items():
        if not (key + value).replace("\n", "").replace("\t", "").isprintable():
            report.refuse("safetensors metadata with control characters")
    place = 0
    for start, end in sorted(_span(name, tensor) for name, tensor in header.items()):
        if start != place:
            raise ForbiddenError("safetensors with a gap or an overlap")
        place = end
    if place != len(data) - 8 - length:
        raise ForbiddenError("safetensors that are shorter or longer than the file")


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ForbiddenError("a safetensors header that names something twice")
    return found


def _span(name: str, tensor: object) -> tuple[int, int]:
    """Where a tensor begins and ends; ForbiddenError when that is not the size of its shape."""
    if not isinstance(tensor, dict) or tensor.keys() != {"dtype", "shape", "data_offsets"}:
        raise ForbiddenError(f"{name[:100]!a} is no tensor as safetensors describes one")
    shape, span, bits = tensor["shape"], tensor["data_offsets"], _BITS.get(str(tensor["dtype"]))
    if not _numbers(shape) or not _numbers(span) or len(span) != 2 or bits is None:
        raise ForbiddenError(f"{name[:100]!a} is no tensor as safetensors describes one")
    if (span[1] - span[0]) * 8 != math.prod(shape) * bits:
        raise ForbiddenError(f"{name[:100]!a} is longer or shorter than its shape")
    return span[0], span[1]


def _numbers(value: object) -> bool:
    return isinstance(value, list) and all(type(number) is int and 0 <= number < 2**62 for number in value)
