"""How a rule writes down what it concluded, so that the same inputs give the same verdict again.  Knows no rule."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

import msgspec
from msgspec import Struct

from headway.evidence.verdict import Answer, Inputs, Verdict

__all__ = ["Rule", "conclude", "inputs_of"]

Rule: TypeAlias = Callable[[Inputs], Verdict]


class Named(Struct, frozen=True, kw_only=True):
    """Inputs of a rule always carry the name of what is judged."""

    name: str


def inputs_of(seen: Struct) -> dict[str, object]:
    """A rule's inputs as the JSON that a record holds."""
    found: dict[str, object] = msgspec.to_builtins(seen)
    return found


def conclude(
    rule: str, seen: Struct, answer: Answer, *, numbers: Mapping[str, float] | None = None, why: str = ""
) -> Verdict:
    """The verdict of a rule (`name/version`) on its inputs.

    >>> conclude("even/1", Named(name="two"), Answer.PASS, why="2 is even").inputs
    {'name': 'two'}
    """
    inputs = inputs_of(seen)
    return Verdict(
        name=str(inputs["name"]), rule=rule, inputs=inputs, answer=answer, numbers=dict(numbers or {}), why=why
    )
