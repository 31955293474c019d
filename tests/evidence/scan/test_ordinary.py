"""Every estimator of scikit-learn, as people save it, passes: refusing honest work is an error too."""

import functools
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.utils import all_estimators
from tests.evidence.scan.forge import dumped, joblibbed, refusals

X, Y = load_iris(return_X_y=True)
X, Y = X[::5] + 0.1, Y[::5]
TEXTS = ["a red fox", "a blue fox", "no fox"] * 10
# How estimators that take another one, or a number that fits the data, are made; any other is made of nothing.
_MADE: tuple[tuple[str, dict[str, Any]], ...] = (
    ("ClassifierChain FixedThresholdClassifier FrozenEstimator RFE RFECV", {"estimator": LogisticRegression()}),
    ("MultiOutputClassifier OneVsOneClassifier OneVsRestClassifier", {"estimator": LogisticRegression()}),
    ("OutputCodeClassifier SelectFromModel SelfTrainingClassifier", {"estimator": LogisticRegression()}),
    ("SequentialFeatureSelector TunedThresholdClassifierCV", {"estimator": LogisticRegression()}),
    ("MultiOutputRegressor RegressorChain", {"estimator": Ridge()}),
    ("GridSearchCV", {"estimator": Ridge(), "param_grid": {"alpha": [1, 2]}}),
    ("RandomizedSearchCV", {"estimator": Ridge(), "param_distributions": {"alpha": [1, 2]}, "n_iter": 2}),
    ("StackingClassifier VotingClassifier", {"estimators": [("a", LogisticRegression())]}),
    ("StackingRegressor VotingRegressor", {"estimators": [("a", Ridge())]}),
    ("CCA PLSCanonical PLSSVD", {"n_components": 1}),
    ("GaussianRandomProjection SparseRandomProjection", {"n_components": 2}),
    ("ColumnTransformer", {"transformers": [("a", OrdinalEncoder(), [0, 1])], "remainder": "passthrough"}),
    ("FeatureUnion", {"transformer_list": [("a", StandardScaler())]}),
    ("Pipeline", {"steps": [("a", StandardScaler()), ("b", LogisticRegression())]}),
    ("SparseCoder", {"dictionary": X[:4]}),
)
PARTS = {name: parts for names, parts in _MADE for name in names.split()}


def _arguments() -> Iterator[tuple[Any, ...]]:
    """What it may be fitted on, the first that works."""
    yield X, Y
    yield X, Y + 1.0
    yield X, Y == 1
    yield X, np.column_stack([Y, Y])
    yield X, np.column_stack([Y == 1, Y == 2])
    yield (Y,)
    yield (TEXTS,)
    yield ([{"a": 1, "b": "x"}] * 5,)
    yield ([["a"], ["b", "c"]],)
    yield (X @ X.T,)
    yield X[:, 0], Y


@functools.cache
def fitted(name: str) -> Any:
    """The estimator, fitted; small, so that all of them take seconds."""
    kind = dict(all_estimators())[name]
    for arguments in _arguments():
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                made = kind(**PARTS.get(name, {}))
                small = {"n_estimators": 3, "max_iter": 20, "cv": 2, "n_init": 1}
                made.set_params(**{key: value for key, value in small.items() if key in made.get_params(deep=False)})
                return made.fit(*arguments)
        except (ValueError, TypeError, AttributeError, IndexError):
            continue
    pytest.skip(f"{name} is fitted on none of these data")


NAMES = [name for name, _ in all_estimators()]


@pytest.mark.parametrize("name", NAMES)
def test_every_estimator_passes_pickled_at_every_protocol(name: str) -> None:
    model = fitted(name)
    for protocol in range(6):
        assert refusals(dumped(model, protocol), "model.pkl") == ()


@pytest.mark.parametrize("name", NAMES)
def test_every_estimator_passes_joblibbed_plain_and_compressed(name: str) -> None:
    model = fitted(name)
    for protocol in (2, 4, 5):
        assert refusals(joblibbed(model, protocol=protocol), "model.joblib") == ()
    for method in ("zlib", "gzip", "bz2", "lzma", "xz"):
        assert refusals(joblibbed(model, compress=(method, 3)), "model.joblib") == ()


def test_most_estimators_could_be_fitted() -> None:
    def can(name: str) -> bool:
        try:
            return fitted(name) is not None
        except pytest.skip.Exception:
            return False

    assert sum(map(can, NAMES)) >= 0.97 * len(NAMES)


def _frame() -> pd.DataFrame:
    return pd.DataFrame({"carrier": ["AA", "UA", "DL", "AA"] * 5, "distance": np.arange(20.0), "late": [0, 1] * 10})


PIPELINES: list[BaseEstimator] = [
    make_pipeline(OneHotEncoder(handle_unknown="ignore"), LogisticRegression()),
    Pipeline([
        ("columns", ColumnTransformer([
            ("names", OneHotEncoder(), make_column_selector(dtype_exclude=float)),
            ("numbers", make_pipeline(FunctionTransformer(np.log1p), StandardScaler()), ["distance"]),
        ])),
        ("model", LogisticRegression()),
    ]),
    make_pipeline(
        ColumnTransformer([("all", FeatureUnion([("a", StandardScaler()), ("b", StandardScaler())]), ["distance"])]),
        Ridge(),
    ),
]  # fmt: skip


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_pipelines_on_frames_with_texts_pass(pipeline: Any) -> None:
    frame = _frame()
    model = pipeline.fit(frame[["carrier", "distance"]], frame["late"])
    for protocol in range(6):
        assert refusals(dumped(model, protocol), "model.pkl") == ()
    assert refusals(joblibbed(model), "model.joblib") == ()
    assert refusals(joblibbed(model, compress=3), "model.joblib") == ()


def test_categories_times_and_random_states_beside_a_model_pass() -> None:
    held = {
        "series": pd.Series([1.5, 2.5]), "category": pd.Categorical([1, 2, 1]),
        "times": pd.Series(pd.to_datetime(["2026-01-01"])),
        "old": np.random.RandomState(0), "new": np.random.default_rng(0),
        "masked": np.ma.masked_array([1.0, 2.0], [True, False]), "set": {1, 2}, "raw": b"abc", "one": np.float32(1),
    }  # fmt: skip
    for protocol in range(6):
        assert refusals(dumped(held, protocol), "model.pkl") == ()
    assert refusals(joblibbed(held), "model.joblib") == ()
