"""The process that holds a model ONNX cannot: run by its path, in the team's own interpreter, behind the server.

It may import nothing of headway, and before the model nothing but the standard library: Python 3.9 or newer.
A frame is two big-endian 32-bit lengths, a JSON header, and raw float64; the first frame says what to load.
"""
# ruff: noqa: ANN401 - models, frames and arrays have the types of an interpreter that is not ours

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import signal
import struct
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

Header = dict[str, Any]
Answer = Callable[[Header, bytes], tuple[Header, bytes]]
Call = Callable[[Any], Header]

_LENGTHS = struct.Struct(">II")

# Classifiers whose predict is the argmax of their predict_proba, so that one call answers both.
_ARGMAX = frozenset(
    {
        "DecisionTreeClassifier",
        "ExtraTreesClassifier",
        "GaussianNB",
        "GradientBoostingClassifier",
        "HistGradientBoostingClassifier",
        "LGBMClassifier",
        "KNeighborsClassifier",
        "LogisticRegression",
        "LogisticRegressionCV",
        "MLPClassifier",
        "RandomForestClassifier",
        "XGBClassifier",
    }
)


def main() -> None:
    """Load what the first frame names, then answer frames until the server closes the pipe."""
    # The server ends this process by closing the pipe; a Ctrl-C or SIGTERM to the whole group must not break a drain.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    # Run by its path, this file has its folder among those of modules, where a team's `import onnx` would find ours.
    sys.path[:] = [place for place in sys.path if place != str(Path(__file__).parent)]
    sys.dont_write_bytecode = True  # a cache in the bundle's folder would change its digest
    source, sink = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what the model prints goes to the log, never between frames
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    first = _read(source)
    if first is None:
        return
    try:
        answer = _load(first[0])
    except BaseException as error:  # noqa: BLE001 - a team's code may raise anything; it is told, then the process ends
        traceback.print_exc()
        _write(sink, {"error": _told(error)})
        return
    _write(sink, {"ready": True})
    while (frame := _read(source)) is not None:
        _write(sink, *_answered(answer, *frame))


def _answered(answer: Answer, header: Header, numbers: bytes) -> tuple[Header, bytes]:
    try:
        return answer(header, numbers)
    except Exception as error:  # noqa: BLE001 - the border of a request: it becomes an answer
        refused = isinstance(error, (ValueError, TypeError))
        if not refused:
            traceback.print_exc()
        return {"error": _told(error), "refused": refused}, b""


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:500]


def _read(source: BinaryIO) -> tuple[Header, bytes] | None:
    lengths = source.read(_LENGTHS.size)
    if len(lengths) < _LENGTHS.size:
        return None
    head, tail = _LENGTHS.unpack(lengths)
    return json.loads(source.read(head)), source.read(tail)


def _write(sink: BinaryIO, header: Header, numbers: bytes = b"") -> None:
    head = json.dumps(header).encode()
    sink.write(_LENGTHS.pack(len(head), len(numbers)) + head + numbers)
    sink.flush()


def _load(told: Header) -> Answer:
    loading, folder = _beside("loading"), Path(told["folder"])
    sys.path[:0] = told["paths"]
    os.chdir(folder)
    if not told["predict"]:
        model = loading.load(folder / told["entry"])
        if told["task"] == "classification" and not hasattr(model, "classes_"):
            return _answering(told, lambda frame: _understood(model.predict(frame), told))
        return _answering(told, _estimator(model, told))
    module = loading.module_at(folder / told["predict"])
    model = module.load(folder) if hasattr(module, "load") else loading.load(folder / told["entry"])
    return _answering(told, lambda frame: _understood(module.predict(model, frame), told))


def _beside(name: str) -> Any:
    """A module of this folder, by its path: the package that it belongs to is not there."""
    spec = importlib.util.spec_from_file_location(f"headway_{name}", Path(__file__).with_name(f"{name}.py"))
    if spec is None or spec.loader is None:
        raise ImportError(f"{name}.py is not beside {__file__}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _estimator(model: Any, told: Header) -> Call:
    """Ask a scikit-learn estimator: its own predict for labels, unless argmax is known to be the same."""
    final = model.steps[-1][1] if hasattr(model, "steps") else model
    names = [output["name"] for output in told["outputs"]]
    if "label_0" in names:
        return _several(model, told)
    argmax = "probabilities" in names and type(final).__name__ in _ARGMAX
    methods = {"probabilities": "predict_proba", "label": "predict", "prediction": "predict"}
    wanted = [name for name in names if name in methods and not (name == "label" and argmax)]
    return lambda frame: {name: getattr(model, methods[name])(frame) for name in wanted}


def _several(model: Any, told: Header) -> Call:
    """Ask one that answers several labels at once."""
    parted = _beside("several").parted
    labels = [output for output in told["outputs"] if output["name"].startswith("label_")]
    counts = [len(output["classes"]) for output in labels]
    chances = len(labels) < len(told["outputs"])

    def call(frame: Any) -> Header:
        found = parted("label", model.predict(frame), counts)
        return {**found, **parted("probabilities", model.predict_proba(frame), counts)} if chances else found

    return call


def _understood(value: Any, told: Header) -> Header:
    """What a team's own predict gave: probabilities rows x classes, those of the positive class, labels, or numbers."""
    numpy = importlib.import_module("numpy")
    value, classes = numpy.asarray(value), told["classes"]
    if told["task"] == "regression":
        return {"prediction": value}
    if value.ndim == 2 and value.shape[1] == 1 and value.dtype.kind != "f":
        value = value[:, 0]
    if value.ndim == 2 and value.shape[1] == len(classes):
        return {"probabilities": value}
    if value.ndim == 1 and value.dtype.kind == "f" and len(classes) == 2:
        first = told["positive"] in classes and classes.index(told["positive"]) == 0
        pair = (value, 1 - value) if first else (1 - value, value)
        return {"probabilities": numpy.stack(pair, axis=1)}
    if value.ndim == 1:
        return {"label": value}
    raise RuntimeError(f"predict gave shape {value.shape}, expected rows x {len(classes)} probabilities")


def _answering(told: Header, call: Call) -> Answer:
    numpy = importlib.import_module("numpy")
    frame_of = _frames(told["columns"])
    wide = sum(column["type"] != "string" for column in told["columns"])
    # Labels as the classes are spelt: a chain of classifiers answers 1.0 for 1.
    labels = {
        output["name"]: {value: value for value in output["classes"]}
        for output in told["outputs"]
        if output["name"].startswith("label")
    }

    def answer(header: Header, numbers: bytes) -> tuple[Header, bytes]:
        matrix = numpy.frombuffer(numbers, numpy.float64).reshape(header["rows"], wide)
        found = call(frame_of(matrix, header["texts"]))
        if "label" not in found and "probabilities" in found and "label" in labels:
            best = numpy.asarray(found["probabilities"]).argmax(axis=1)
            found["label"] = [told["classes"][i] for i in best]
        said: Header = {"shapes": {}, "labels": {}}
        for name in labels.keys() & found.keys():
            values = [item.item() if hasattr(item, "item") else item for item in found.pop(name)]
            said["labels"][name] = [labels[name].get(value, value) for value in values]
        parts = []
        for name, value in found.items():
            array = numpy.ascontiguousarray(value, numpy.float64)
            said["shapes"][name] = [len(array), array.size // max(len(array), 1)]
            parts.append(array.tobytes())
        return said, b"".join(parts)

    return answer


def _frames(columns: list[dict[str, str]]) -> Callable[[Any, list[list[Any]]], Any]:
    """How rows become what the model takes: a pandas DataFrame, or an array where there is no pandas."""
    numpy = importlib.import_module("numpy")
    texts = [i for i, column in enumerate(columns) if column["type"] == "string"]
    numeric = [i for i in range(len(columns)) if i not in texts]
    try:
        pandas = importlib.import_module("pandas")
    except ImportError:
        return lambda matrix, strings: _array(matrix, strings, numeric, texts)
    kind = "str" if int(pandas.__version__.split(".")[0]) >= 3 else object

    def frame(matrix: Any, strings: list[list[Any]]) -> Any:
        made = {i: _series(columns[i]["type"], matrix[:, at]) for at, i in enumerate(numeric)}
        for at, i in enumerate(texts):
            # Missing texts are NaN, as pandas.read_csv gives them in training.
            made[i] = pandas.array([numpy.nan if text is None else text for text in strings[at]], dtype=kind)
        return pandas.DataFrame({column["name"]: made[i] for i, column in enumerate(columns)})

    return frame


def _array(matrix: Any, strings: list[list[Any]], numeric: list[int], texts: list[int]) -> Any:
    if not texts:
        return matrix
    numpy = importlib.import_module("numpy")
    found = numpy.empty((len(matrix), len(numeric) + len(texts)), dtype=object)
    found[:, numeric] = matrix
    for at, i in enumerate(texts):
        found[:, i] = strings[at]
    return found


def _series(kind: str, values: Any) -> Any:
    """A column as pandas would have read it: integers and booleans only where nothing is missing."""
    numpy = importlib.import_module("numpy")
    missing = numpy.isnan(values)
    if kind == "float64" or (kind == "int64" and missing.any()):
        return values
    if not missing.any():
        return values.astype(numpy.int64 if kind == "int64" else bool)
    found = values.astype(object)
    found[~missing] = [bool(value) for value in values[~missing]]
    return found


if __name__ == "__main__":
    main()
