"""A verdict: what a rule concluded from which numbers, so that it can be recomputed from its record."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from msgspec import Struct

__all__ = ["Answer", "Inputs", "Verdict"]

# JSON as it stands in a record; a rule turns it into a type of its own at once.
Inputs = Mapping[str, Any]


class Answer(StrEnum):
    """No data is undecided, never a pass; not applicable carries its reason in `why`."""

    PASS = "pass"  # noqa: S105 - an answer, not a password
    FAIL = "fail"
    UNDECIDED = "undecided"
    NOT_APPLICABLE = "not applicable"


class Verdict(Struct, frozen=True, kw_only=True):
    """`rule` is `name/version`; `inputs` are the sufficient statistics; `numbers` what was computed of them."""

    name: str
    rule: str
    inputs: dict[str, Any]
    answer: Answer
    numbers: dict[str, float] = {}
    why: str = ""
