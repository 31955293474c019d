"""Which outputs a request wants, and the part of a batch's answers that it gets, however it is carried."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from msgspec import Struct

from headway.serve.batching.answers import Answers
from headway.serve.fault import Fault
from headway.serve.protocols.inputs import listed

__all__ = ["Output", "datatype_of", "outputs_of", "wanted"]

# What Triton's server offers for an output, and this one does not: silence would be a wrong answer.
_UNSPOKEN = ("classification", "shared_memory_region")
_DATATYPES: Mapping[type, str] = {bool: "BOOL", float: "FP64", int: "INT64"}


class Output(Struct, omit_defaults=True, gc=False):
    """A tensor of an answer, as JSON has it: `data` row by row; an array at best where it is to be sent as bytes."""

    name: str
    shape: list[int]
    datatype: str
    data: Any = None
    parameters: dict[str, Any] | None = None


def wanted(asked: Sequence[tuple[str, Mapping[str, Any] | None]], outputs: Sequence[str]) -> Sequence[str]:
    """The names asked for, with their parameters; all when there are none.  Fault 400 for what is not there."""
    if not asked:
        return outputs
    names = [name for name, _ in asked]
    for name, parameters in asked:
        if name not in outputs:
            raise Fault(400, f"output {name[:60]!r} is unknown; there is {listed(outputs)}")
        if parameters and (unspoken := [key for key in _UNSPOKEN if key in parameters]):
            raise Fault(400, f"output {name!r}: {unspoken[0]} is not spoken here")
    if len(set(names)) < len(names):
        raise Fault(400, "an output is asked for twice")
    return names


def outputs_of(
    names: Sequence[str], answers: Answers, start: int, stop: int, raw: Collection[str] = ()
) -> list[Output]:
    """The outputs of the rows from `start` to `stop` of a batch: rows, or rows x width; those in `raw` as bytes."""
    count, outputs = stop - start, []
    for name in names:
        width, data = answers.width[name], answers.part(name, start, stop)
        shape = [count, width] if width > 1 or name.startswith("probabilities") else [count]
        output = Output(name, shape, datatype_of(data[0]), data)
        if name in raw and name in answers.scores:
            output.data = answers.scores[name][start:stop]  # the same numbers
        outputs.append(output)
    return outputs


def datatype_of(value: object) -> str:
    """The datatype of an output with such a value."""
    return _DATATYPES.get(type(value), "BYTES")
