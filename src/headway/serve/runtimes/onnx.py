"""The runtime `onnx`: ONNX Runtime in the server's own process, on one thread."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from headway.evidence.bundle import Class, Manifest, classes_of, is_label
from headway.serve.batching.answers import Answers, answers_of
from headway.serve.batching.rows import Batch, Layout
from headway.serve.batching.runtime import Done
from headway.serve.fault import Fault, RefusedError
from headway.serve.models.bundle import Opened
from headway.serve.runtimes.bound import FEW, TYPES, bound
from headway.serve.runtimes.graph import faults
from headway.serve.runtimes.several import parted

__all__ = ["OnnxRuntime"]

Call = Callable[[Batch], Sequence[NDArray[Any]]]
Feed = Callable[[Batch], dict[str, NDArray[Any]]]

_TEXT = "tensor(string)"
_NUMBERS = frozenset({"tensor(float)", "tensor(double)", "tensor(float16)", "seq(tensor(float))"})
_OUTPUTS: Mapping[str, Sequence[str]] = {
    "label": ("label", "output_label"),
    "probabilities": ("probabilities", "output_probability"),
    "prediction": ("prediction", "variable"),
}


class OnnxRuntime:
    """Answers at once, within the turn of the event loop: one row takes microseconds."""

    platform = "onnxruntime"
    free = True

    def __init__(self, opened: Opened) -> None:
        self._manifest = opened.manifest
        self._data = opened.entry()
        self.largest = float(np.finfo(np.float32).max)
        self.up = False

    async def start(self) -> None:
        """Load aside, so that the models beside it go on; RefusedError when the file is unsafe or does not fit."""
        await asyncio.to_thread(self._load)
        self.up = True

    def _load(self) -> None:
        if found := faults(self._data):
            raise RefusedError(f"{self._manifest.entry} is refused: {'; '.join(found)}")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1  # 9 against 13 µs a row with a pool of threads
        options.log_severity_level = 4  # faults come back as exceptions; the log would repeat them for each request
        try:
            session = onnxruntime.InferenceSession(self._data, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # noqa: BLE001 - ONNX Runtime raises a class for each of its status codes
            raise RefusedError(f"{self._manifest.entry} does not load: {_line(error)}") from None
        self._data = b""
        self._names = _outputs(self._manifest, session)
        self._call = _call(self._manifest, session, list(self._names.values()))
        self._best = "label" not in self._names and self._manifest.task == "classification"
        labels = [column for column in self._manifest.signature.outputs if is_label(column.name)]
        self._truth = {column.name: _truth(classes_of(self._manifest, column)) for column in labels}
        self._several = [len(column.classes) for column in labels if column.classes]

    def run(self, batch: Batch, done: Done) -> None:
        """Answer a batch at once."""
        done(self._answer(batch))

    async def stop(self) -> None:
        """Let go of the session and its memory; who asks all the same finds it down."""
        self.up = False
        self._call = _gone

    def _answer(self, batch: Batch) -> Answers | Fault:
        try:
            given = dict(zip(self._names, self._call(batch), strict=True))
        except Exception as error:  # noqa: BLE001 - ONNX Runtime raises a class for each of its status codes
            return Fault(500, f"the model failed on these rows: {_line(error)}", shared=True)
        try:
            return self._understood(batch.count, given)
        except (KeyError, ValueError) as error:
            return Fault(500, f"the model answered something else than its signature says: {_line(error)}", shared=True)

    def _understood(self, count: int, given: dict[str, Any]) -> Answers | Fault:
        classes = self._manifest.classes
        if self._several:
            given = {part: value for name in given for part, value in parted(name, given[name], self._several).items()}
        labels, numbers = {}, {}
        for name, value in given.items():
            truth = self._truth.get(name)
            if truth is None:
                numbers[name] = _matrix_of(value, classes)
            else:
                values = value.ravel().tolist()
                labels[name] = [truth.get(label, label) for label in values] if truth else values
        if self._best:
            labels["label"] = [classes[at] for at in numbers["probabilities"].argmax(axis=1)]
        return answers_of(self._manifest, count, labels, numbers)


def _truth(classes: Sequence[Class]) -> Mapping[object, Class]:
    """ONNX classifiers answer 0 and 1 for classes that were booleans."""
    return {value: value for value in classes if isinstance(value, bool)}


def _call(manifest: Manifest, session: onnxruntime.InferenceSession, names: Sequence[str]) -> Call:
    """How a batch is asked."""
    layout = Layout(manifest.signature)
    feed, few = _feed(layout, session), bound(session, names, len(layout.columns))

    def call(batch: Batch) -> Sequence[NDArray[Any]]:
        if few and batch.count <= FEW:
            return few(batch.numbers)
        answered: Sequence[NDArray[Any]] = session.run(names, feed(batch))
        return answered

    return call


def _feed(layout: Layout, session: onnxruntime.InferenceSession) -> Feed:
    """How a batch becomes the session's inputs: one a column by name, or one matrix in the signature's order."""
    inputs = session.get_inputs()
    if len(inputs) == 1 and _is_matrix(inputs[0], layout):
        kind = TYPES.get(inputs[0].type)
        if layout.texts or kind not in {np.float32, np.float64}:
            raise RefusedError("the model takes one matrix, and its signature has columns that are not numbers")
        return _matrix(inputs[0].name, kind)
    places: list[tuple[str, int, type[np.generic] | None]] = []
    for item in inputs:
        if item.name not in layout.index:
            raise RefusedError(f"the model takes {item.name!r}, which its signature does not name")
        position = layout.index[item.name]
        column = layout.columns[position]
        if (item.type == _TEXT) != (column.type == "string") or item.type not in {*TYPES, _TEXT}:
            raise RefusedError(f"column {item.name!r} is {column.type} in the signature and {item.type} in the model")
        kind = TYPES.get(item.type)
        if column.nullable and kind is not None and not issubclass(kind, np.floating):
            raise RefusedError(f"column {item.name!r} may be missing, and the model takes it as {item.type}")
        side = layout.numbers if kind else layout.texts
        places.append((item.name, side.index(position), kind))
    return _columns(places)


def _gone(batch: Batch) -> Sequence[NDArray[Any]]:  # noqa: ARG001 - that of any call
    raise RuntimeError("the model was unloaded")


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]


def _is_matrix(item: onnxruntime.NodeArg, layout: Layout) -> bool:
    """One input for all columns; it may happen to be called as one of them."""
    wide = len(item.shape) == 2 and isinstance(item.shape[1], int) and item.shape[1] > 1
    return wide or item.name not in layout.index


def _matrix(name: str, kind: type[np.generic]) -> Feed:
    def feed(batch: Batch) -> dict[str, NDArray[Any]]:
        return {name: batch.numbers.astype(kind)}

    return feed


def _columns(places: Sequence[tuple[str, int, type[np.generic] | None]]) -> Feed:
    floats = [(name, at) for name, at, kind in places if kind is np.float32]
    others = [(name, at, kind) for name, at, kind in places if kind not in {np.float32, None}]
    texts = [(name, at) for name, at, kind in places if kind is None]

    def feed(batch: Batch) -> dict[str, NDArray[Any]]:
        shape = (batch.count, 1)
        turned = batch.numbers.T.astype(np.float32, order="C")
        fed: dict[str, NDArray[Any]] = {name: turned[at].reshape(shape) for name, at in floats}
        for name, at, kind in others:
            fed[name] = batch.numbers[:, at : at + 1].astype(kind)
        for name, at in texts:
            values = batch.texts[at]
            # ONNX has no missing string; the empty one is what packaging compares with too.
            full = [value or "" for value in values] if None in values else values
            fed[name] = np.array(full, dtype=object).reshape(shape)
        return fed

    return feed


def _matrix_of(value: Any, classes: Sequence[object]) -> NDArray[np.floating[Any]]:  # noqa: ANN401 - an array, or maps
    """Numbers as rows x width; a graph with a ZipMap gives each row as a map from class to probability."""
    if isinstance(value, list):
        return np.array([[row[name] for name in classes] for row in value], np.float64)
    found: NDArray[np.floating[Any]] = value if value.ndim == 2 else value.reshape(len(value), -1)
    return found


def _outputs(manifest: Manifest, session: onnxruntime.InferenceSession) -> dict[str, str]:
    """The session's output for each output of the signature: by name, or the only one of its kind.

    A label that the graph does not answer is the class of the greatest probability.  Several labels, or their
    probabilities, come as one output.
    """
    there = {item.name: item.type in _NUMBERS or item.type.startswith("seq(map(") for item in session.get_outputs()}
    columns = manifest.signature.outputs
    wanted = list(dict.fromkeys(col.name.partition("_")[0] if col.classes else col.name for col in columns))
    names: dict[str, str] = {}
    for output in wanted:
        found = [name for name in _OUTPUTS.get(output, (output,)) if name in there][:1]
        found = found or [name for name, numeric in there.items() if numeric != (output == "label")]
        found = found or (list(there) if len(there) == len(wanted) else [])
        if len(found) == 1:
            names[output] = found[0]
        elif found or output != "label" or "probabilities" not in wanted:
            raise RefusedError(f"the model answers {', '.join(there)} and not {output!r}, which its signature names")
    return names
