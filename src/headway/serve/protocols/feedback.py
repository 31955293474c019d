"""`POST /v2/models/M/feedback`: labels that became known, each for a row of a prediction by its id."""

import sys
from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from headway.evidence.bundle import Manifest
from headway.serve.fault import Fault

__all__ = ["Label", "parse"]

Value = str | int | float | bool


class Label(Struct, frozen=True):
    """The truth about one row of a prediction; rows count from 0."""

    id: Annotated[str, Meta(min_length=1, max_length=256)]
    label: Value
    row: Annotated[int, Meta(ge=0, lt=2**31)] = 0


class _Feedback(Struct):
    feedback: Annotated[list[Label], Meta(min_length=1)]


_decode = msgspec.json.Decoder(_Feedback).decode


def parse(body: bytes, manifest: Manifest) -> Sequence[Label]:
    """Read and check labels; Fault 400 says what is wrong, and with which."""
    try:
        labels = _decode(body)
    except msgspec.ValidationError as error:
        raise Fault(400, f"the body is no feedback: {error}") from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise Fault(400, f"the body is not JSON: {error}") from None
    if manifest.task == "classification" and not manifest.classes:
        raise Fault(400, "the model answers several labels a row, and of a row one label can be told")
    kinds = {type(value) for value in manifest.classes}
    for at, item in enumerate(labels.feedback):
        if kinds and type(item.label) not in kinds:
            expected = " or ".join(sorted(kind.__name__ for kind in kinds))
            raise Fault(400, f"feedback {at}: label {item.label!r:.60}, expected {expected} as the classes are")
        if not kinds and not _is_number(item.label):
            raise Fault(400, f"feedback {at}: label {item.label!r:.60}, expected a number")
    return labels.feedback


def _is_number(value: Value) -> bool:
    """One that a float holds."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max
