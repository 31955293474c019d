"""Says what a ready ONNX file takes and answers, by its own inputs and outputs and a try with rows of zeros.

Run as a module by Headway's own interpreter, caged; reads model.onnx, writes graph.json in its folder.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import onnxruntime
from msgspec import Struct

from headway.serve.runtimes.graph import faults

__all__ = ["GRAPH_FILE", "Graph", "Output"]

GRAPH_FILE = "graph.json"
ROWS = 2
TYPES: Mapping[str, tuple[str, Any]] = {
    "tensor(float)": ("float64", np.float32),
    "tensor(double)": ("float64", np.float64),
    "tensor(int64)": ("int64", np.int64),
    "tensor(int32)": ("int64", np.int32),
    "tensor(bool)": ("bool", np.bool_),
    "tensor(string)": ("string", object),
}


class Output(Struct, frozen=True, kw_only=True):
    """One output: `scores` says whether it holds fractions, `width` how many a row, `classes` their names if told.

    `several` are the classes of each label, where there is a matrix of scores for each; `texts` says what it holds.
    """

    name: str
    scores: bool
    width: int
    classes: tuple[str | int, ...] = ()
    several: tuple[int, ...] = ()
    texts: bool = False


class Graph(Struct, frozen=True, kw_only=True):
    """What a graph takes: `columns` with their types, or one matrix `width` wide; `fault` says why it is not served."""

    columns: Mapping[str, str] = {}
    width: int = 0
    outputs: tuple[Output, ...] = ()
    fault: str = ""


def told(data: bytes) -> Graph:
    """Load and try a graph."""
    if found := faults(data):
        return Graph(fault="; ".join(found))
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        inputs = session.get_inputs()
        for item in inputs:
            if fault := _fault(item, alone=len(inputs) == 1):
                return Graph(fault=fault)
        fed = {item.name: _zeros(item) for item in inputs}
        answered = session.run(None, fed)
    except Exception as error:  # noqa: BLE001 - ONNX Runtime raises a class for each of its status codes
        return Graph(fault=" ".join(str(error).split())[:300])
    outputs = tuple(_output(item.name, value) for item, value in zip(session.get_outputs(), answered, strict=True))
    widths = [fed[item.name].shape[1] for item in inputs]
    if len(inputs) == 1 and (widths[0] > 1 or TYPES[inputs[0].type][0] == "float64"):
        return Graph(width=widths[0], outputs=outputs)
    return Graph(columns={item.name: TYPES[item.type][0] for item in inputs}, outputs=outputs)


def _fault(item: Any, *, alone: bool) -> str:  # noqa: ANN401 - ONNX Runtime has no types
    shape = f"input {item.name!r} is {item.type} of shape {item.shape}"
    if item.type not in TYPES:
        return f"{shape}, which no column of a table has"
    if len(item.shape) != 2 or not isinstance(item.shape[1], int) or (item.shape[1] != 1 and not alone):
        return f"{shape}; a table is one input [rows, number of columns], or an input [rows, 1] a column"
    if isinstance(item.shape[0], int):
        return f"{shape}, so many rows at once and no other number; export it with a dynamic first dimension"
    return ""


def _zeros(item: Any) -> Any:  # noqa: ANN401 - the same
    kind = TYPES[item.type][1]
    return np.full((ROWS, item.shape[1]), "" if kind is object else 0, kind)


def _output(name: str, value: Any) -> Output:  # noqa: ANN401 - an array, or a list: maps from ZipMap, or arrays
    if isinstance(value, list) and isinstance(value[0], dict):
        return Output(name=name, scores=True, width=len(value[0]), classes=tuple(value[0]))
    if isinstance(value, list) or value.ndim == 3:
        several = tuple(part.shape[1] for part in value)
        return Output(name=name, scores=True, width=sum(several), several=several)
    kind = value.dtype.kind
    return Output(name=name, scores=kind == "f", width=value.size // ROWS, texts=kind == "O")


def main() -> None:
    """Describe the graph in this folder."""
    Path(GRAPH_FILE).write_bytes(msgspec.json.encode(told(Path("model.onnx").read_bytes())))


if __name__ == "__main__":
    main()
