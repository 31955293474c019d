"""XGBoost, LightGBM, CatBoost and MLflow, as their own libraries write them, in an environment of their own."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from msgspec import structs
from tests.adapters.steps.boosters import REQUIREMENTS
from tests.adapters.steps.packing import FRAME, bench, subject

from headway.adapters.steps.environments import Environments
from headway.adapters.steps.package import package
from headway.app.settings import read_settings
from headway.evidence.bundle import Manifest

PROGRAM = """
import sys, warnings
warnings.simplefilter("ignore")
import catboost, joblib, lightgbm, mlflow.sklearn, numpy, pandas, xgboost
from mlflow.models import infer_signature
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder
frame = pandas.read_csv("rows.csv")
numbers, grades = frame[["distance", "temp"]], frame["grade"].map({"low": 0, "middle": 1, "high": 2})
columns = make_column_transformer((OneHotEncoder(handle_unknown="ignore"), ["carrier"]), remainder="passthrough")
mixed = frame[["distance", "temp", "carrier"]]
def keep(model, file):
    joblib.dump(model, file)
keep(xgboost.XGBClassifier(n_estimators=10).fit(numbers, grades), "xgb.joblib")
keep(make_pipeline(columns, xgboost.XGBClassifier(n_estimators=10)).fit(mixed, frame.late), "xgb-pipeline.joblib")
xgboost.XGBClassifier(n_estimators=10).fit(numbers, frame.late).save_model("xgb.json")
xgboost.train({}, xgboost.DMatrix(numbers, label=frame.minutes), 10).save_model("xgb.ubj")
boosted = lightgbm.LGBMClassifier(n_estimators=10, verbose=-1)
keep(make_pipeline(columns, boosted).fit(mixed, frame.grade), "lgb-pipeline.joblib")
rows = lightgbm.Dataset(numbers, label=frame.late)
lightgbm.train({"objective": "binary", "verbose": -1}, rows, 10).save_model("lgb.txt")
quiet = {"iterations": 10, "verbose": 0, "allow_writing_files": False}
catboost.CatBoostClassifier(**quiet).fit(numbers, frame.grade).save_model("cat.cbm")
keep(catboost.CatBoostRegressor(**quiet).fit(numbers, frame.minutes), "cat.joblib")
keep(xgboost.XGBRegressor(n_estimators=5).fit(numbers, frame[["minutes", "distance"]]), "xgb-two.joblib")
ordinal = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
columns = make_column_transformer((ordinal, ["carrier"]), remainder="passthrough")
keep(make_pipeline(columns, HistGradientBoostingClassifier(max_iter=10)).fit(mixed, frame.was_late), "hist.joblib")
model = LogisticRegression(max_iter=500).fit(numbers.fillna(0.0), frame.late)
signature = infer_signature(numbers, frame.late)
mlflow.sklearn.save_model(model, "flow", signature=signature, input_example=numbers.head(2), pip_requirements=[])
"""
NUMBERS = ("distance", "temp")
MIXED = (*NUMBERS, "carrier")


@pytest.fixture(scope="module")
def environment() -> tuple[Path, Path]:
    """Interpreter and converters, which `./check` has built; a test reaches no package index."""
    settings = read_settings()
    environments = Environments(settings.folders.cache, settings.environ)
    if not environments.has(REQUIREMENTS):
        pytest.skip("the environment of boosted trees is not built: python -m tests.adapters.steps.boosters")
    python = environments.interpreter(REQUIREMENTS)
    return python, environments.converters(python)


@pytest.fixture(scope="module")
def models(environment: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("models")
    FRAME.to_csv(place / "rows.csv", index=False)
    subprocess.run([environment[0], "-c", PROGRAM], cwd=place, check=True, timeout=100, capture_output=True)
    return place


Pack = Callable[[str, str, tuple[str, ...]], Manifest]


@pytest.fixture
def packed(environment: tuple[Path, Path], models: Path, tmp_path: Path) -> Pack:
    """Packages one of the files."""

    def pack(file: str, label: str, columns: tuple[str, ...]) -> Manifest:
        found = subject((models / file).read_bytes(), label, *columns, entry=file)
        return package(found, bench(tmp_path, *environment)).manifest

    return pack


@pytest.mark.parametrize(
    ("file", "label", "columns", "classes"),
    [
        ("xgb.joblib", "grade", NUMBERS, (0, 1, 2)),
        ("xgb-pipeline.joblib", "late", MIXED, (0, 1)),
        ("xgb.json", "late", NUMBERS, (0, 1)),
        ("xgb.ubj", "minutes", NUMBERS, ()),
        ("lgb-pipeline.joblib", "grade", MIXED, ("high", "low", "middle")),
        ("lgb.txt", "late", NUMBERS, (0, 1)),
        ("cat.cbm", "grade", NUMBERS, ("high", "low", "middle")),
        ("cat.joblib", "minutes", NUMBERS, ()),
        ("hist.joblib", "was_late", MIXED, (False, True)),
    ],
)
def test_boosted_trees_convert_and_answer_as_before(
    file: str, label: str, columns: tuple[str, ...], classes: tuple[object, ...], packed: Pack
) -> None:
    made = packed(file, label, columns)
    assert (made.runtime, made.reason) == ("onnx", "")
    assert made.classes == classes
    found = made.parity
    assert found is not None
    assert (found.rows, found.test_rows, found.mismatches, found.edge_mismatches) == (1200, 300, 0, 0)
    assert found.edge_rows >= 10
    assert found.largest_difference < 1e-5


def test_a_conversion_that_answers_otherwise_is_not_served(packed: Pack) -> None:
    """The converter of XGBoost takes a model of two outputs and gives wrong numbers without a word."""
    made = packed("xgb-two.joblib", "minutes", NUMBERS)
    assert made.runtime == "python"
    assert "converted to ONNX it answers otherwise" in made.reason
    assert made.parity is not None
    assert made.parity.largest_difference > 0.1
    assert made.signature.outputs[0].width == 2


@pytest.mark.parametrize("sample", ["with rows", "without rows"])
def test_a_folder_of_mlflow_is_read_without_mlflow(
    sample: str, environment: tuple[Path, Path], models: Path, tmp_path: Path
) -> None:
    files = {path.name: path.read_bytes() for path in (models / "flow").iterdir()}
    rows = {} if sample == "with rows" else {"reference": pl.DataFrame(), "comparable": False}
    found = subject(b"", "late", *NUMBERS, entry="MLmodel", **rows)
    made = package(structs.replace(found, model=files), bench(tmp_path, *environment)).manifest
    assert [f"{column.name}: {column.type}" for column in made.signature.inputs] == ["distance: int64", "temp: float64"]
    assert (made.runtime, made.classes) == ("onnx" if sample == "with rows" else "python", (0, 1))
    assert bool(made.reason) == (sample == "without rows")
