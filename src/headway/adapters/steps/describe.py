"""Says what a trained model is, and converts it: run by its path, caged, in the team's interpreter.

Imports nothing of headway.  Reads describe.json, writes described.json, model.onnx and reference.json beside it.
"""
# ruff: noqa: ANN401 - models, frames and arrays have the types of an interpreter that is not ours

import importlib
import json
import pickle
import sys
import warnings
from pathlib import Path
from typing import Any

Told = dict[str, Any]


def main() -> None:
    """Describe the model; a fault that has a cure is told in `fault`, everything else ends the process."""
    told: Told = json.loads(Path("describe.json").read_text())
    sys.path[:0] = [str(Path.cwd())]
    sys.path.append(told["converters"])  # behind the team's packages, so that none of theirs is hidden
    warnings.simplefilter("ignore")
    try:
        model = _loaded(Path(told["entry"]))
    except AttributeError as error:
        if "__main__" not in str(error):
            raise
        name = str(error).split("'")[1]
        _write(
            {"fault": f"{name} was pickled as __main__: move {name} to a module, such as features.py, and declare it"}
        )
        return
    columns = _columns(model, told)
    sample = _sample(columns, told)
    said = _said(model, told, columns)
    answers = _answers(model, sample, said)
    Path("reference.json").write_text(json.dumps(answers))
    if told["convert"]:
        said["reason"] = _converted(model, columns, said)
    _write(said)


def _write(said: Told) -> None:
    Path("described.json").write_text(json.dumps(said))


def _loaded(path: Path) -> Any:
    try:
        joblib = importlib.import_module("joblib")
    except ImportError:
        with path.open("rb") as file:
            return pickle.load(file)  # noqa: S301 - scanned before, and caged now
    return joblib.load(path)


def _columns(model: Any, told: Told) -> list[dict[str, Any]]:
    """The model's own feature names in their order, or the data's columns that may be features."""
    known = {column["name"]: column for column in told["columns"]}
    names = getattr(model, "feature_names_in_", None)
    chosen = [str(name) for name in names] if names is not None else list(known)
    return [known.get(name, {"name": name, "type": "float64"}) for name in chosen]


def _sample(columns: list[dict[str, Any]], told: Told) -> Any:
    names = [column["name"] for column in columns]
    rows = told["rows"]
    try:
        pandas = importlib.import_module("pandas")
    except ImportError:
        numpy = importlib.import_module("numpy")
        return numpy.array([[row.get(name) for name in names] for row in rows])
    return pandas.DataFrame({name: [row.get(name) for row in rows] for name in names})


def _said(model: Any, told: Told, columns: list[dict[str, Any]]) -> Told:
    classes = getattr(model, "classes_", None)
    plain = [value.item() if hasattr(value, "item") else value for value in classes] if classes is not None else []
    return {
        "columns": [column["name"] for column in columns],
        "classes": plain if told["task"] == "classification" else [],
        "probabilities": told["task"] == "classification" and hasattr(model, "predict_proba"),
        "reason": "",
        "fault": "",
    }


def _answers(model: Any, sample: Any, said: Told) -> Told:
    labels = model.predict(sample)
    found: Told = {"label": [value.item() if hasattr(value, "item") else value for value in labels]}
    if said["probabilities"]:
        found["probabilities"] = model.predict_proba(sample).tolist()
    return found


def _converted(model: Any, columns: list[dict[str, Any]], said: Told) -> str:
    """Write model.onnx; why that cannot be done, or nothing."""
    try:
        skl2onnx = importlib.import_module("skl2onnx")
        types = importlib.import_module("skl2onnx.common.data_types")
        kinds = {"string": types.StringTensorType, "int64": types.FloatTensorType, "bool": types.BooleanTensorType}
        inputs = [(column["name"], kinds.get(column["type"], types.FloatTensorType)([None, 1])) for column in columns]
        if getattr(model, "feature_names_in_", None) is None:
            inputs = [("X", types.FloatTensorType([None, len(columns)]))]
        options = {id(model): {"zipmap": False}} if said["probabilities"] else None
        made = skl2onnx.convert_sklearn(model, initial_types=inputs, options=options, target_opset=17)
        Path("model.onnx").write_bytes(made.SerializeToString())
    except Exception as error:  # noqa: BLE001 - converters raise anything; whatever it is, the model is served as it is
        text = str(error).strip().splitlines()
        return f"{type(error).__name__}: {text[0][:200] if text else 'no reason given'}"
    return ""


if __name__ == "__main__":
    main()
