"""The process that holds a model ONNX cannot: run by its path, in the team's own interpreter, behind the server.

It may import nothing of headway and nothing but the standard library before the model does: Python 3.9 or newer.
A frame is two big-endian 32-bit lengths, a JSON header, and raw float64; the first frame says what to load.
"""

from __future__ import annotations

import importlib.util
import json
import os
import pickle
import signal
import struct
import sys
import traceback
from collections.abc import Callable
from typing import Any, BinaryIO

_LENGTHS = struct.Struct(">II")

# Classifiers whose predict is the argmax of their predict_proba, so that one call answers both.
_ARGMAX = frozenset(
    (
        "RandomForestClassifier",
        "ExtraTreesClassifier",
        "DecisionTreeClassifier",
        "GradientBoostingClassifier",
        "HistGradientBoostingClassifier",
        "LogisticRegression",
        "LogisticRegressionCV",
        "GaussianNB",
        "MLPClassifier",
        "KNeighborsClassifier",
    )
)


# Strings, because the oldest interpreters that run this file do not know the notation.
Answer = "Callable[[dict[str, Any], bytes], tuple[dict[str, Any], bytes]]"
Call = "Callable[[Any], dict[str, Any]]"


def main() -> None:
    """Load what the first frame names, then answer frames until the server closes the pipe."""
    # The server ends this process by closing the pipe; a Ctrl-C or SIGTERM to the whole group must not break a drain.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.dont_write_bytecode = True  # a cache in the bundle's folder would change its digest
    source = os.fdopen(os.dup(0), "rb")
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what the model prints goes to the log, never between frames
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    header, _ = _read(source)
    try:
        answer = _load(header)
    except BaseException as error:  # every fault is told, then the process ends
        traceback.print_exc()
        _write(sink, {"error": f"{type(error).__name__}: {error}"[:500]})
        return
    _write(sink, {"ready": True})
    while True:
        frame = _read(source)
        if frame is None:
            return
        try:
            said, numbers = answer(*frame)
        except Exception as error:
            refused = isinstance(error, (ValueError, TypeError))
            if not refused:
                traceback.print_exc()
            said, numbers = {"error": f"{type(error).__name__}: {error}"[:500], "refused": refused}, b""
        _write(sink, said, numbers)


def _read(source: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    lengths = source.read(_LENGTHS.size)
    if len(lengths) < _LENGTHS.size:
        return None
    head, tail = _LENGTHS.unpack(lengths)
    return json.loads(source.read(head)), source.read(tail)


def _write(sink: BinaryIO, header: dict[str, Any], numbers: bytes = b"") -> None:
    head = json.dumps(header).encode()
    sink.write(_LENGTHS.pack(len(head), len(numbers)) + head + numbers)
    sink.flush()


def _load(told: dict[str, Any]) -> Answer:
    folder = told["folder"]
    for path in reversed(told["paths"]):
        sys.path.insert(0, path)
    os.chdir(folder)
    if told["predict"]:
        module = _module(os.path.join(folder, told["predict"]))
        from pathlib import Path

        model = module.load(Path(folder)) if hasattr(module, "load") else _unpickle(os.path.join(folder, told["entry"]))
        call, names = _own(module, model), ()
    else:
        model = _unpickle(os.path.join(folder, told["entry"]))
        call, names = _estimator(model, told["outputs"]), ()
    del names
    return _answering(told, call)


def _module(path: str) -> Any:
    spec = importlib.util.spec_from_file_location("headway_predict", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["headway_predict"] = module
    spec.loader.exec_module(module)
    return module


def _unpickle(path: str) -> Any:
    try:
        import joblib
    except ImportError:
        with open(path, "rb") as file:
            return pickle.load(file)
    return joblib.load(path)


def _own(module: Any, model: Any) -> Call:
    def call(frame: Any) -> dict[str, Any]:
        return {"own": module.predict(model, frame)}

    return call


def _estimator(model: Any, outputs: list[str]) -> Call:
    final = model.steps[-1][1] if hasattr(model, "steps") else model
    both = type(final).__name__ in _ARGMAX

    def call(frame: Any) -> dict[str, Any]:
        found = {}
        if "probabilities" in outputs:
            found["probabilities"] = model.predict_proba(frame)
        if "label" in outputs and not (both and "probabilities" in outputs):
            found["label"] = model.predict(frame)
        if "prediction" in outputs:
            found["prediction"] = model.predict(frame)
        return found

    return call


def _answering(told: dict[str, Any], call: Call) -> Answer:
    import numpy

    columns, classes = told["columns"], told["classes"]
    frame_of = _frames(columns)

    def answer(header: dict[str, Any], numbers: bytes) -> tuple[dict[str, Any], bytes]:
        rows = header["rows"]
        matrix = numpy.frombuffer(numbers, numpy.float64)
        wide = sum(1 for column in columns if column["type"] != "string")
        found = call(frame_of(matrix.reshape(rows, wide), header["texts"]))
        if "own" in found:
            found = _understood(numpy.asarray(found["own"]), told["task"], classes, told["positive"])
        if "label" not in found and "probabilities" in found and "label" in told["outputs"]:
            best = numpy.asarray(found["probabilities"]).argmax(axis=1)
            found["label"] = [classes[i] for i in best]
        said, parts = {"shapes": {}}, []
        if "label" in found:
            said["label"] = [_plain(label) for label in found.pop("label")]
        for name, value in found.items():
            value = numpy.ascontiguousarray(value, numpy.float64)
            value = value.reshape(len(value), -1)
            said["shapes"][name] = list(value.shape)
            parts.append(value.tobytes())
        return said, b"".join(parts)

    return answer


def _understood(value: Any, task: str, classes: list[Any], positive: Any) -> dict[str, Any]:
    """What a team's own predict gave: probabilities rows x classes, those of the positive class, labels, or numbers."""
    import numpy

    if task == "regression":
        return {"prediction": value}
    if value.ndim == 2 and value.shape[1] == len(classes):
        return {"probabilities": value}
    if value.ndim == 1 and value.dtype.kind == "f" and len(classes) == 2:
        at = classes.index(positive) if positive in classes else 1
        pair = (1 - value, value) if at else (value, 1 - value)
        return {"probabilities": numpy.stack(pair, axis=1)}
    if value.ndim == 1:
        return {"label": value}
    raise RuntimeError(f"predict gave shape {value.shape}, expected rows x {len(classes)} probabilities")


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value


def _frames(columns: list[dict[str, str]]) -> Callable[[Any, list[list[str | None]]], Any]:
    """How rows become what the model takes: a pandas DataFrame, or an array where there is no pandas."""
    import numpy

    numeric = [i for i, column in enumerate(columns) if column["type"] != "string"]
    texts = [i for i, column in enumerate(columns) if column["type"] == "string"]
    try:
        import pandas
    except ImportError:

        def array(matrix: Any, strings: list[list[str | None]]) -> Any:
            if not texts:
                return matrix
            found = numpy.empty((len(matrix), len(columns)), dtype=object)
            found[:, numeric] = matrix
            for at, values in zip(texts, strings):
                found[:, at] = values
            return found

        return array
    kind = "str" if int(pandas.__version__.split(".")[0]) >= 3 else object

    def frame(matrix: Any, strings: list[list[str | None]]) -> Any:
        made = {}
        for place, at in enumerate(numeric):
            made[at] = _series(columns[at]["type"], matrix[:, place])
        for at, values in zip(texts, strings):
            # Missing texts are NaN, as pandas.read_csv gives them in training.
            made[at] = pandas.array([numpy.nan if v is None else v for v in values], dtype=kind)
        return pandas.DataFrame({column["name"]: made[i] for i, column in enumerate(columns)})

    return frame


def _series(kind: str, values: Any) -> Any:
    """A column as pandas would have read it: integers and booleans only where nothing is missing."""
    import numpy

    if kind == "float64":
        return values
    missing = numpy.isnan(values)
    if kind == "int64":
        return values if missing.any() else values.astype(numpy.int64)
    if not missing.any():
        return values.astype(bool)
    found = values.astype(object)
    found[~missing] = [bool(value) for value in values[~missing]]
    return found


if __name__ == "__main__":
    main()
