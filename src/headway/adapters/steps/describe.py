"""Says what a trained model is, and converts it: run by its path, caged, in the team's own interpreter.

Imports nothing of headway.  Reads describe.json, writes described.json and, where it can, model.onnx beside it.
"""
# ruff: noqa: ANN401 - models and converters have the types of an interpreter that is not ours

import importlib
import importlib.util
import json
import pickle
import sys
import warnings
from pathlib import Path
from typing import Any, Dict, List, Tuple  # noqa: UP035 - a team's Python may be 3.9

Told = Dict[str, Any]  # noqa: UP006 - the same
OPSET = 17


def main() -> None:
    """Describe the model; what has a cure is told in `fault`, anything else ends the process."""
    told: Told = json.loads(Path("describe.json").read_text(encoding="utf-8"))
    sys.path[:0] = [str(Path.cwd() / place) for place in told["paths"]]
    sys.path.append(told["converters"])
    warnings.simplefilter("ignore")
    model = _loaded(told)
    said = _said(model, told)
    if not said["fault"] and not told["predict"]:
        said["reason"] = _converted(model, said, told)
    Path("described.json").write_text(json.dumps(said), encoding="utf-8")


def _loaded(told: Told) -> Any:
    entry = Path(told["entry"])
    if told["predict"]:
        path = Path(told["predict"])
        spec = importlib.util.spec_from_file_location(path.stem, path)
        if spec is None or spec.loader is None:
            raise ImportError(f"{path.name} is no Python module")
        module = importlib.util.module_from_spec(spec)
        sys.modules[path.stem] = module
        spec.loader.exec_module(module)
        if hasattr(module, "load"):
            return module.load(Path.cwd())
    try:
        joblib = importlib.import_module("joblib")
    except ImportError:
        with entry.open("rb") as file:
            return pickle.load(file)  # noqa: S301 - scanned before, and caged now
    return joblib.load(entry)


def _said(model: Any, told: Told) -> Told:
    named = getattr(model, "feature_names_in_", None)
    count = getattr(model, "n_features_in_", None)
    classes = getattr(model, "classes_", None)
    said: Told = {
        "columns": [str(name) for name in named] if named is not None else None,
        "count": int(count) if count is not None else None,
        "classes": [_plain(value) for value in classes] if classes is not None else None,
        "probabilities": hasattr(model, "predict_proba"),
        "reason": "",
        "fault": "",
    }
    if not told["predict"]:
        said["fault"] = _fault(model, classes, told)
    return said


def _fault(model: Any, classes: Any, told: Told) -> str:
    kind = type(model).__name__
    if not hasattr(model, "predict"):
        return f"{told['entry']} holds a {kind}, which has no predict; give a predict.py, or save the model itself"
    if told["task"] == "classification" and classes is None:
        return f"the task is classification, and the {kind} has no classes_; fit a classifier, or give a predict.py"
    if told["task"] == "regression" and classes is not None:
        return f"the task is regression, and the {kind} is a classifier; mend task.kind or the program"
    return ""


def _plain(value: Any) -> Any:
    value = value.item() if hasattr(value, "item") else value
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _converted(model: Any, said: Told, told: Told) -> str:
    """Write model.onnx; why that cannot be done, or nothing."""
    try:
        skl2onnx = importlib.import_module("skl2onnx")
        types = importlib.import_module("skl2onnx.common.data_types")
        options = {id(model): {"zipmap": False}} if said["probabilities"] else None
        # Without a name of its own the graph gets a random one, and equal models would have unequal bytes.
        made = skl2onnx.convert_sklearn(
            model, name="model", initial_types=_inputs(model, said, told, types), options=options, target_opset=OPSET
        )
        Path("model.onnx").write_bytes(made.SerializeToString())
    except Exception as error:  # noqa: BLE001 - converters raise anything; whatever it is, the model is served as it is
        cause = error.__cause__ or error
        lines = str(cause).strip().splitlines()
        return f"it does not convert to ONNX: {type(cause).__name__}: {lines[0][:200] if lines else 'no reason given'}"
    return ""


def _inputs(model: Any, said: Told, told: Told, types: Any) -> List[Tuple[str, Any]]:  # noqa: UP006 - as above
    """One tensor a column where columns are told apart by name, else one matrix of them all."""
    first = model.steps[0][1] if hasattr(model, "steps") else model
    columns = said["columns"] or []
    if columns and hasattr(first, "transformers_"):
        kinds = {name: types.StringTensorType for name in columns if told["types"].get(name) == "string"}
        return [(name, kinds.get(name, types.FloatTensorType)([None, 1])) for name in columns]
    return [("X", types.FloatTensorType([None, said["count"] or len(columns)]))]


if __name__ == "__main__":
    main()
