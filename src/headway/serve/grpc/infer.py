"""ModelInfer's messages: a request becomes checked rows, answers become a response.  No I/O."""

from collections.abc import Mapping
from typing import Any

from headway.evidence.bundle import Manifest
from headway.serve.batching.answers import Answers
from headway.serve.batching.rows import Layout
from headway.serve.fault import Fault
from headway.serve.protocols import tensors
from headway.serve.protocols.inputs import Input, read
from headway.serve.protocols.oip import Asked
from headway.serve.protocols.outputs import outputs_of, wanted

__all__ = ["asked", "fill"]

# The protocol has no typed contents for FP16: it comes raw.
_CONTENTS: Mapping[str, str] = {
    "BOOL": "bool_contents",
    "INT8": "int_contents",
    "INT16": "int_contents",
    "INT32": "int_contents",
    "INT64": "int64_contents",
    "UINT8": "uint_contents",
    "UINT16": "uint_contents",
    "UINT32": "uint_contents",
    "UINT64": "uint64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    "BYTES": "bytes_contents",
}


def asked(request: Any, layout: Layout, outputs: tuple[str, ...]) -> Asked:  # noqa: ANN401 - a ModelInferRequest
    """Read and check a request; Fault 400 says what is wrong, in which column and row.

    Who sends raw contents is answered in raw contents.
    """
    raw = request.raw_input_contents
    if raw and len(raw) != len(request.inputs):
        raise Fault(400, f"there are {len(request.inputs)} inputs, and raw_input_contents of {len(raw)}")
    names = wanted([(output.name, output.parameters) for output in request.outputs], outputs)
    inputs = [_input(item, raw[at] if raw else None) for at, item in enumerate(request.inputs)]
    rows, ignored = read(layout, inputs, raw=True)
    return Asked(rows, names, request.id, dict(request.parameters), ignored, names if raw else ())


def fill(response: Any, asked: Asked, manifest: Manifest, answers: Answers, start: int, stop: int) -> None:  # noqa: ANN401 - a ModelInferResponse
    """Write the answers for the rows from `start` to `stop` of a batch into a response."""
    response.model_name, response.model_version = manifest.model, manifest.version
    response.id = asked.id or ""
    for name, value in (asked.parameters or {}).items():
        response.parameters[name].CopyFrom(value)
    for output in outputs_of(asked.outputs, answers, start, stop, asked.binary):
        told = response.outputs.add(name=output.name, datatype=output.datatype, shape=output.shape)
        if output.name in asked.binary:
            response.raw_output_contents.append(tensors.encode(output.datatype, output.data))
        else:
            texts = output.datatype == "BYTES"
            values = [str(value).encode() for value in output.data] if texts else output.data
            getattr(told.contents, _CONTENTS[output.datatype]).extend(values)


def _input(item: Any, raw: bytes | None) -> Input:  # noqa: ANN401 - an InferInputTensor
    told = f"input {item.name[:60]!r}"
    if "shared_memory_region" in item.parameters:
        raise Fault(400, f"{told}: shared memory is not spoken here; send the data")
    if raw is not None and item.HasField("contents"):
        raise Fault(400, f"{told}: it has both contents and raw_input_contents")
    data = raw if raw is not None else _typed(item, told)
    return Input(item.name, list(item.shape), item.datatype, data)


def _typed(item: Any, told: str) -> bytes | list[str]:  # noqa: ANN401 - an InferInputTensor
    """Typed contents in the form of raw ones, whose checks then serve both; texts as they are."""
    field = _CONTENTS.get(item.datatype)
    there = [known.name for known, _ in item.contents.ListFields()]
    if there and there != [field]:
        raise Fault(400, f"{told}: {', '.join(there)}, which is not for datatype {item.datatype[:60]!r}")
    if field is None:
        return b""  # of no datatype, or of FP16, and without data: both are refused by what is read from it
    values = list(getattr(item.contents, field))
    if item.datatype == "BYTES":
        return [_text(value, told, row) for row, value in enumerate(values)]
    try:
        return tensors.encode(item.datatype, values)
    except OverflowError:
        raise Fault(400, f"{told}: a value that is no {item.datatype}") from None


def _text(value: bytes, told: str, row: int) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise Fault(400, f"{told}: a text that is not UTF-8, in row {row}") from None
