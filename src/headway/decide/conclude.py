"""How a rule writes down what it concluded, so that the same inputs give the same verdict again.  Knows no rule."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import msgspec
from msgspec import Struct

from headway.evidence.verdict import Answer, Inputs, Verdict

__all__ = ["Rule", "conclude", "inputs_of"]

Rule: TypeAlias = Callable[[Inputs], Verdict]


class Named(Struct, frozen=True, kw_only=True):
    """Inputs of a rule always carry the name of what is judged."""

    name: str


def inputs_of(seen: Struct) -> dict[str, object]:
    """A rule's inputs as the JSON that a record holds, with every default written out.

    What people left to a default is what was decided by: with another default one day a replay must not change.

    >>> from headway.spec.guardrail import ErrorGuardrail
    >>> class Guarded(Named): guardrails: tuple[ErrorGuardrail, ...]
    >>> inputs_of(Guarded(name="two", guardrails=(ErrorGuardrail(floor=0.01),)))["guardrails"][0]["tolerate"]
    1.1
    """
    found: dict[str, object] = msgspec.to_builtins(seen)
    _write_out(seen, found)
    return found


def _write_out(value: object, told: Any) -> None:  # noqa: ANN401 - its JSON
    """Fill in what was left out of a value's JSON, in it and in all that it holds."""
    if isinstance(value, Struct) and isinstance(told, dict):
        for field, name in zip(value.__struct_fields__, value.__struct_encode_fields__, strict=True):
            held = getattr(value, field)
            if name not in told:
                told[name] = msgspec.to_builtins(held)
            _write_out(held, told[name])
    elif isinstance(value, tuple) and value and isinstance(value[0], Struct):
        for held, known in zip(value, told, strict=True):
            _write_out(held, known)
    elif isinstance(value, Mapping):
        for key, held in value.items():
            _write_out(held, told[key])


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
