"""Says what a trained model is, and converts it: run by its path, caged, in the team's own interpreter.

Imports nothing of headway but the file that loads models, by its path.  Reads describe.json, writes described.json
and, where it can, model.onnx beside it.
"""
# ruff: noqa: ANN401 - models and converters have the types of an interpreter that is not ours

import importlib
import importlib.util
import json
import sys
import warnings
from pathlib import Path
from typing import Any, Dict, List, Tuple  # noqa: UP035 - a team's Python may be 3.9

Told = Dict[str, Any]  # noqa: UP006 - the same
# Of ai.onnx.ml the version that all converters know.
OPSETS = {"": 17, "ai.onnx.ml": 3}


def main() -> None:
    """Describe the model; what has a cure is told in `fault`, anything else ends the process."""
    told: Told = json.loads(Path("describe.json").read_text(encoding="utf-8"))
    # Run by its path, this file has its folder among those of modules, where a team's `import cache` would find ours.
    sys.path[:] = [place for place in sys.path if place != str(Path(__file__).parent)]
    sys.path[:0] = [str(Path.cwd() / place) for place in told["paths"]]
    warnings.simplefilter("ignore")
    model = _loaded(told)
    said = _said(model, told)
    if not said["fault"] and not told["predict"] and told["converters"]:
        # Before the team's packages, now that the model is loaded by them: theirs may be of versions that err.
        sys.path.insert(0, told["converters"])
        said["reason"] = _converted(model, said, told)
    Path("described.json").write_text(json.dumps(said), encoding="utf-8")


def _loaded(told: Told) -> Any:
    spec = importlib.util.spec_from_file_location("headway_loading", told["loading"])
    if spec is None or spec.loader is None:
        raise ImportError(f"{told['loading']} is no Python module")
    loading = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loading)
    if told["predict"]:
        module = loading.module_at(Path(told["predict"]))
        if hasattr(module, "load"):
            return module.load(Path.cwd())
    return loading.load(Path(told["entry"]))


def _said(model: Any, told: Told) -> Told:
    named = _first(model, "feature_names_in_", "feature_names_")
    count = getattr(model, "n_features_in_", None)
    classes = getattr(model, "classes_", None)
    classes = classes if classes is not None and len(classes) else None
    labels = _labels(model, classes)
    said: Told = {
        "columns": [str(name) for name in named] if named is not None else None,
        "count": int(count) if count is not None else None,
        "classes": [_plain(value) for value in classes] if classes is not None and not labels else None,
        "labels": labels,
        "probabilities": hasattr(model, "predict_proba"),
        "task": told["task"] or ("regression" if classes is None else "classification"),
        "reason": "",
        "fault": "",
    }
    if not told["predict"]:
        said["fault"] = _fault(model, said, told)
    return said


def _labels(model: Any, classes: Any) -> Any:
    """The classes of each label of a model that answers several at once; None for one label, and for numbers.

    Where each label is there or not, some estimators name the labels as their classes, or 0 and 1, and say elsewhere
    how many there are.
    """
    if classes is None:
        return None
    if hasattr(classes[0], "__len__") and not isinstance(classes[0], str):
        return [[_plain(value) for value in each] for each in classes]
    final = model
    while hasattr(final, "steps") or hasattr(final, "best_estimator_"):
        final = final.steps[-1][1] if hasattr(final, "steps") else final.best_estimator_
    binarizer: Any = getattr(final, "label_binarizer_", getattr(final, "_label_binarizer", None))
    if str(getattr(binarizer, "y_type_", "")).startswith("multilabel"):
        return [[0, 1] for _ in binarizer.classes_]
    return None


def _first(model: Any, *names: str) -> Any:
    """The first of these attributes that a model has, if it names anything."""
    found = (getattr(model, name, None) for name in names)
    return next((value for value in found if value is not None and len(value)), None)


def _fault(model: Any, said: Told, told: Told) -> str:
    kind = type(model).__name__
    if not hasattr(model, "predict"):
        return f"{told['entry']} holds a {kind}, which has no predict; give a predict.py, or save the model itself"
    named = said["classes"] is not None or said["labels"]
    if said["task"] == "classification" and not named and _is_regressor(model):
        return f"the task is classification, and the {kind} has no classes_; fit a classifier, or give a predict.py"
    if said["task"] == "regression" and named:
        return f"the task is regression, and the {kind} is a classifier; mend task.kind or the program"
    return ""


def _is_regressor(model: Any) -> bool:
    """Does it say that it answers numbers?  An object that says nothing may answer labels, which only asking shows."""
    try:
        return bool(importlib.import_module("sklearn.base").is_regressor(model))
    except (ImportError, AttributeError, TypeError):
        return False


def _plain(value: Any) -> Any:
    value = value.item() if hasattr(value, "item") else value
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _converted(model: Any, said: Told, told: Told) -> str:
    """Write model.onnx; why that cannot be done, or nothing."""
    try:
        module = type(model).__module__.partition(".")[0]
        if module == "catboost":
            return _by_catboost(model)
        if module == "headway_loading":
            return _by_onnxmltools(model, said)
        _by_skl2onnx(model, said, told)
    except Exception as error:  # noqa: BLE001 - converters raise anything; whatever it is, the model is served as it is
        cause = error.__cause__ or error
        lines = str(cause).strip().splitlines()
        return f"it does not convert to ONNX: {type(cause).__name__}: {lines[0][:200] if lines else 'no reason given'}"
    return ""


def _by_skl2onnx(model: Any, said: Told, told: Told) -> None:
    skl2onnx = importlib.import_module("skl2onnx")
    types = importlib.import_module("skl2onnx.common.data_types")
    _register(skl2onnx)
    for step in (model, *(step for _, step in getattr(model, "steps", ()))):
        if hasattr(step, "get_booster"):
            step.get_booster().feature_names = None  # the converter of XGBoost knows columns by number only
    # Without a name of its own the graph gets a random one, and equal models would have unequal bytes.
    made = skl2onnx.convert_sklearn(
        model,
        name="model",
        initial_types=_inputs(model, said, told, types),
        options={id(model): {"zipmap": False}} if said["probabilities"] else None,
        target_opset=OPSETS,
    )
    _everywhere(made.graph)
    Path("model.onnx").write_bytes(made.SerializeToString())


def _everywhere(graph: Any) -> None:
    """Let texts be made small in a locale that every system has, where the default is one that few containers have."""
    helper = importlib.import_module("onnx.helper")
    for node in graph.node:
        if node.op_type == "StringNormalizer" and not any(found.name == "locale" for found in node.attribute):
            node.attribute.append(helper.make_attribute("locale", "C.UTF-8"))


def _register(skl2onnx: Any) -> None:
    """Let pipelines hold the estimators of XGBoost and LightGBM, those that are loaded."""
    shapes = importlib.import_module("skl2onnx.common.shape_calculator")
    for library, names in (
        ("xgboost", ("XGBClassifier", "XGBRegressor", "XGBRFClassifier", "XGBRFRegressor")),
        ("lightgbm", ("LGBMClassifier", "LGBMRegressor")),
    ):
        if library not in sys.modules:
            continue
        spelt = {"xgboost": "XGBoost", "lightgbm": "LightGbm"}[library]
        converters = importlib.import_module(f"onnxmltools.convert.{library}.operator_converters.{spelt}")
        for name in names:
            classifies = name.endswith("Classifier")
            skl2onnx.update_registered_converter(
                getattr(sys.modules[library], name),
                f"{spelt}{name}",
                shapes.calculate_linear_classifier_output_shapes
                if classifies
                else shapes.calculate_linear_regressor_output_shapes,
                getattr(converters, f"convert_{library}"),
                options={"nocl": [True, False], "zipmap": [True, False, "columns"]} if classifies else {"split": None},
            )


def _by_onnxmltools(model: Any, said: Told) -> str:
    """A booster of LightGBM by itself."""
    convert = importlib.import_module("onnxmltools.convert")
    types = importlib.import_module("onnxmltools.convert.common.data_types")
    made = convert.convert_lightgbm(
        model.booster,
        name="model",
        initial_types=[("X", types.FloatTensorType([None, said["count"]]))],
        target_opset=OPSETS[""] - 2,  # the newest that onnxmltools says it knows
        zipmap=False,
    )
    Path("model.onnx").write_bytes(made.SerializeToString())
    return ""


def _by_catboost(model: Any) -> str:
    """CatBoost writes ONNX itself, of models whose columns are numbers."""
    model.save_model("model.onnx", format="onnx")
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
