"""Loads a model file in the team's own interpreter, whatever library wrote it; used by its path, never by its package.

It may import nothing of headway, and before the model nothing but the standard library: Python 3.9 or newer.  What it
gives has `predict`, and where the library knows them `predict_proba`, `classes_`, `feature_names_in_` and
`n_features_in_`, as estimators of scikit-learn do.
"""
# ruff: noqa: ANN401 - models have the types of an interpreter that is not ours

from __future__ import annotations

import importlib
import importlib.util
import json
import pickle
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

__all__ = ["load", "module_at"]


def load(path: Path) -> Any:
    """The model in a file, by the ending of its name; every other ending is taken for a pickle, joblib's or plain.

    The scan has held the name against the bytes.  ImportError names a library that is not there.
    """
    if path.name == "MLmodel":
        return importlib.import_module("mlflow.pyfunc").load_model(str(path.parent))
    return _BY_ENDING.get(path.suffix.lower(), _unpickle)(path)


def module_at(path: Path) -> Any:
    """A team's module, imported from its file."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path.name} is no Python module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def _unpickle(path: Path) -> Any:
    try:
        joblib = importlib.import_module("joblib")
    except ImportError:
        with path.open("rb") as file:
            return pickle.load(file)  # noqa: S301 - the scan came before; see the trust model in SECURITY
    return joblib.load(path)


def _skops(path: Path) -> Any:
    io = importlib.import_module("skops.io")
    return io.load(path, trusted=io.get_untrusted_types(file=path))  # the scan came before


def _xgboost(path: Path) -> Any:
    """As the estimator that its objective asks for; a booster that knows its classes only by number says 0 to k-1."""
    xgboost = importlib.import_module("xgboost")
    booster = xgboost.Booster()
    booster.load_model(path)
    objective = json.loads(booster.save_config())["learner"]["objective"]["name"]
    classifies = objective.startswith(("binary:", "multi:"))
    model = xgboost.XGBClassifier() if classifies else xgboost.XGBRegressor()
    model.load_model(path)
    return model


def _lightgbm(path: Path) -> Any:
    booster = importlib.import_module("lightgbm").Booster(model_file=str(path))
    objective = str(booster.params.get("objective", ""))
    return _Classifier(booster) if objective.startswith(("binary", "multiclass")) else _Trees(booster)


def _catboost(path: Path) -> Any:
    catboost = importlib.import_module("catboost")
    known = catboost.CatBoost()
    known.load_model(str(path))
    loss = known.get_all_params().get("loss_function", "")
    classifies = re.match("Logloss|CrossEntropy|MultiClass", loss)
    model = catboost.CatBoostClassifier() if classifies else catboost.CatBoostRegressor()
    model.load_model(str(path))
    return model


class _Trees:
    """A booster of LightGBM, which has no words of scikit-learn's by itself."""

    def __init__(self, booster: Any) -> None:
        self.booster = booster
        self.n_features_in_ = booster.num_feature()
        names = booster.feature_name()
        if names != [f"Column_{at}" for at in range(len(names))]:
            self.feature_names_in_ = names

    def predict(self, frame: Any) -> Any:
        """What the booster predicts."""
        return self.booster.predict(frame)


class _Classifier(_Trees):
    """One whose scores are probabilities of numbered classes."""

    def __init__(self, booster: Any) -> None:
        super().__init__(booster)
        self.classes_ = list(range(max(2, booster.num_model_per_iteration())))

    def predict_proba(self, frame: Any) -> Any:
        """Rows x classes; for two classes the booster gives the second one's."""
        numpy = importlib.import_module("numpy")
        found = self.booster.predict(frame)
        return found if found.ndim == 2 else numpy.stack([1 - found, found], axis=1)

    def predict(self, frame: Any) -> Any:
        """The most likely class."""
        return self.predict_proba(frame).argmax(axis=1)


_BY_ENDING: Mapping[str, Callable[[Path], Any]] = {
    ".skops": _skops,
    ".json": _xgboost,
    ".ubj": _xgboost,
    ".txt": _lightgbm,
    ".cbm": _catboost,
}
