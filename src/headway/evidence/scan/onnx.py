"""ONNX: the model's messages are walked as bytes.  Refused is what makes a runtime read or run what lies elsewhere."""

import math
import re
from typing import NamedTuple

from headway.evidence.scan.fault import ALLOW, ForbiddenError
from headway.evidence.scan.onnx_calls import Calls, check_calls
from headway.evidence.scan.onnx_schema import SCHEMA, WIDTHS
from headway.evidence.scan.protobuf import BYTES, Field, fields, varint
from headway.evidence.scan.report import Report

__all__ = ["MAGIC", "read_onnx"]

# ir_version comes first in every file that a library writes; ONNX has no mark of its own.
MAGIC = re.compile(rb"\x08[\x01-\x40][\x12\x1a\x22\x28\x32\x3a\x42\x72\xa2\xca]")

MOST_DEPTH = 64
MOST_NODES = 2_000_000
_STANDARD = frozenset({"", "ai.onnx", "ai.onnx.ml", "com.microsoft"})
# Of Microsoft's domain, those that read a file or run a program of their own.
_OUTSIDE = frozenset({
    "EPContext", "PythonOp", "PythonOpGrad", "Snpe", "OpenVINO",
})  # fmt: skip
_NODE_OP, _NODE_DOMAIN = 4, 7
_FUNCTION_NAME, _FUNCTION_DOMAIN = 1, 10
_TEXT = 8
_PATH = re.compile(r"[\w.+ -]+(?:/[\w.+ -]+)*")


class _Place(NamedTuple):
    """A message that is still to be walked: its kind, its bytes, how deep it lies, and the function it belongs to."""

    kind: str
    start: int
    end: int
    depth: int
    inside: str


def read_onnx(data: bytes, report: Report) -> None:
    """Every message is known, every operator is of a known domain or the model's own, no tensor lies elsewhere."""
    calls = Calls()
    left = [_Place("Model", 0, len(data), 0, "")]
    seen = set()
    while left:
        place = left.pop()
        if place.depth > MOST_DEPTH:
            raise ForbiddenError(f"an ONNX model with more than {MOST_DEPTH} messages inside each other")
        found = _message(data, place)
        seen.add(place.kind)
        inside = _look(data, place, found, report, calls)
        for number, _, begin, end in found:
            inner = SCHEMA[place.kind][number]
            if inner:
                left.append(_Place(inner, begin, end, place.depth + 1, inside))
    if "Graph" not in seen:
        raise ForbiddenError("an ONNX model without a graph")
    check_calls(calls, report)


def _message(data: bytes, place: _Place) -> list[Field]:
    known = SCHEMA.get(place.kind)
    if known is None:
        raise ForbiddenError(f"an ONNX model with a part for {place.kind.lower()}, which is no part of serving it")
    found = []
    for field in fields(data, place.start, place.end):
        if field[0] not in known:
            cure = "Export it for an older version of ONNX, or report this so that the version is added"
            raise ForbiddenError(f"an ONNX model with an unknown field ({place.kind} {field[0]})", cure)
        if known[field[0]] and field[1] != BYTES:
            raise ForbiddenError(f"an ONNX model whose {place.kind} is damaged")
        found.append(field)
    return found


def _look(data: bytes, place: _Place, found: list[Field], report: Report, calls: Calls) -> str:
    """Check what one message says by itself; the function that its inner messages belong to."""
    if place.kind == "Function":
        own = calls.declare(*_told(data, found, _FUNCTION_DOMAIN, _FUNCTION_NAME))
        for domain in _texts(data, found, _FUNCTION_DOMAIN):
            if domain in _STANDARD and domain != "":
                report.refuse(f"an ONNX function in the standard domain {domain}, in place of the real operator")
        return own
    if place.kind == "Node":
        _look_at_node(data, found, place.inside, report, calls)
    elif place.kind == "Tensor":
        _look_at_tensor(data, place, found, report)
    return place.inside


def _look_at_node(data: bytes, found: list[Field], inside: str, report: Report, calls: Calls) -> None:
    operators, domains = _texts(data, found, _NODE_OP), _texts(data, found, _NODE_DOMAIN) or [""]
    for operator in operators:
        for domain in domains:
            calls.add(inside, domain, operator, standard=domain in _STANDARD)
            if domain == "com.microsoft" and operator in _OUTSIDE and f"{domain}:{operator}" not in report.allow:
                report.refuse(
                    f"{domain}:{operator} is an operator that reads or runs what lies outside the model", ALLOW
                )
    if calls.nodes > MOST_NODES:
        raise ForbiddenError(f"an ONNX model of more than {MOST_NODES:,} operators")


def _look_at_tensor(data: bytes, place: _Place, found: list[Field], report: Report) -> None:
    """Its numbers are here or in a file beside the model, and as many as its shape says."""
    outside = [field for field in found if field[0] == 13]
    for _, _, begin, end in outside:
        _look_at_path(data, begin, end, report)
    kinds = [value for number, wire, value, _ in found if number == 2 and wire != BYTES]
    raws = [end - begin for number, wire, begin, end in found if number == 9 and wire == BYTES]
    if len(kinds) > 1 or len(raws) > 1:
        raise ForbiddenError("an ONNX tensor that says something twice")
    if outside or any(number == 14 and value for number, _, value, _ in found):
        return
    count = math.prod(_numbers(data, found, 1))
    bits = WIDTHS.get(kinds[0] if kinds else 0)
    if raws and (bits is None or raws[0] != -(-count * bits // 8)):
        raise ForbiddenError("an ONNX tensor that is longer or shorter than its shape")
    if count > 4 * (place.end - place.start) and kinds != [_TEXT]:
        raise ForbiddenError("an ONNX tensor that is shorter than its shape")


def _look_at_path(data: bytes, begin: int, end: int, report: Report) -> None:
    """A tensor outside lies in the model's folder, under a plain name."""
    pair = list(fields(data, begin, end))
    for value in _texts(data, pair, 2):
        if "location" not in _texts(data, pair, 1):
            if "checksum" not in _texts(data, pair, 1) and not re.fullmatch(r"\d{1,18}", value):
                report.refuse("an ONNX tensor outside the model at a place that is no number")
        elif not _PATH.fullmatch(value) or any(part.strip(" .") == "" for part in value.split("/")):
            cure = "Save the model in one file, or its tensors under a plain name in the same folder"
            report.refuse(f"an ONNX tensor in {value[:200]!a}, which leads out of the model's folder", cure)


def _numbers(data: bytes, found: list[Field], number: int) -> list[int]:
    """Repeated numbers, one by one or packed; none is negative."""
    from_packed = [
        value
        for held, wire, begin, end in found
        if held == number and wire == BYTES
        for value in _packed(data, begin, end)
    ]
    told = [value for held, wire, value, _ in found if held == number and wire != BYTES] + from_packed
    if any(value >= 2**63 for value in told):
        raise ForbiddenError("an ONNX tensor with a negative shape")
    return told


def _packed(data: bytes, begin: int, end: int) -> list[int]:
    values = []
    while begin < end:
        value, begin = varint(data, begin, end)
        values.append(value)
    return values


def _texts(data: bytes, found: list[Field], number: int) -> list[str]:
    try:
        return [data[begin:end].decode() for held, wire, begin, end in found if held == number and wire == BYTES]
    except UnicodeDecodeError:
        raise ForbiddenError("an ONNX model with a name that is no text") from None


def _told(data: bytes, found: list[Field], *numbers: int) -> tuple[str, str]:
    """The last text of each field, as protobuf reads it."""
    first, second = ((_texts(data, found, number) or [""])[-1] for number in numbers)
    return first, second
