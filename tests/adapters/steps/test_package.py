"""Packaging: what a model is, what its bundle says, and which models are refused with which cure."""

from pathlib import Path

import joblib
import msgspec
import numpy as np
import pandas as pd
import pytest
from msgspec import structs
from tests.adapters.steps.workshop import FILES, Workshop, flights, model_of

from headway.adapters.steps.cache import listed
from headway.evidence.bundle import BUNDLE_FILE, Manifest
from headway.evidence.folder import folder_digest
from headway.reconcile.ports import TrainJob, TrainResult
from headway.spec.data import Data, Expect
from headway.spec.model import Task

HEAD = """
import joblib, numpy as np, pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
frame = pd.read_csv("data/train.csv")
"""
PIPELINE = (
    HEAD
    + """
numbers = make_pipeline(SimpleImputer(), StandardScaler())
model = make_pipeline(
    make_column_transformer((numbers, ["distance", "temp"]), (OneHotEncoder(handle_unknown="ignore"), ["carrier"])),
    LogisticRegression(max_iter=300),
)
joblib.dump(model.fit(frame[["temp", "distance", "carrier"]], frame["late"]), "model.joblib")
"""
)


def manifest_of(workshop: Workshop, result: TrainResult) -> Manifest:
    files = {file.path: file.sha256 for file in listed(workshop.store, result.bundle)}
    return msgspec.json.decode(workshop.store.read(files[BUNDLE_FILE]), type=Manifest)


def job(workshop: Workshop, program: str, files: dict[str, str] | None = None, **wish: object) -> TrainJob:
    made = {name: text.encode() for name, text in {"train.py": program, **(files or {})}.items()}
    made["requirements.lock"] = FILES["requirements.lock"]
    return structs.replace(workshop.job(made), model=model_of(**wish), files=made)  # type: ignore[arg-type]  # fields by name


def test_a_trained_model_becomes_a_bundle_that_says_what_it_is(trained: tuple[Workshop, TrainResult]) -> None:
    workshop, result = trained
    assert result.seen.outcome == "ok", result.seen.reason
    assert [(run.name, run.outcome) for run in result.seen.steps] == [
        ("environment", "ok"), ("train", "ok"), ("package", "ok"),
    ]  # fmt: skip
    manifest = manifest_of(workshop, result)
    assert (manifest.model, manifest.version, manifest.runtime, manifest.entry) == (
        "delay",
        "1.0.0",
        "onnx",
        "model.onnx",
    )
    assert manifest.classes == (0, 1)
    assert [(c.name, c.type, c.nullable) for c in manifest.signature.inputs] == [
        ("distance", "int64", False), ("temp", "float64", True),
    ]  # fmt: skip
    assert [c.name for c in manifest.signature.outputs] == ["label", "probabilities"]
    assert (result.version, result.seen.signature, result.seen.reported) == (
        "1.0.0",
        manifest.signature,
        {"rows": 400.0},
    )
    assert result.seen.parity is not None
    assert (result.seen.parity.rows, result.seen.parity.test_rows, result.seen.parity.mismatches) == (600, 200, 0)
    assert result.seen.parity.largest_difference < 1e-5


def test_a_bundle_is_whole_and_named_by_its_bytes(trained: tuple[Workshop, TrainResult], tmp_path: Path) -> None:
    workshop, result = trained
    workshop.store.place(result.bundle, tmp_path / "bundle")
    manifest = manifest_of(workshop, result)
    there = {path.relative_to(tmp_path / "bundle").as_posix() for path in (tmp_path / "bundle").rglob("*")}
    assert there == {"model.onnx", "train.py", "features.py", "requirements.lock", BUNDLE_FILE}
    assert {file.path for file in manifest.files} == there - {BUNDLE_FILE}
    assert folder_digest(listed(workshop.store, result.bundle)) == result.bundle


def test_the_reference_counts_the_training_rows_as_numpy_does(trained: tuple[Workshop, TrainResult]) -> None:
    workshop, result = trained
    summary = manifest_of(workshop, result).summary
    assert summary is not None
    columns = {column.name: column for column in summary.columns}
    assert set(columns) == {"distance", "temp", "prediction:label", "prediction:probabilities"}
    for name in ("distance", "temp"):
        values = flights()[name].to_numpy()
        bins = [-np.inf, *columns[name].edges, np.inf]
        assert list(columns[name].counts) == np.histogram(values, bins)[0].tolist()
        assert (columns[name].counts[0], columns[name].counts[-1]) == (0, 0)
    assert sum(columns["prediction:label"].counts) == summary.rows == 400


def test_the_same_job_is_cached_and_another_number_is_a_cheap_copy(trained: tuple[Workshop, TrainResult]) -> None:
    workshop, result = trained
    again = workshop.trainer.train(workshop.job())
    assert {run.state for run in again.seen.steps} == {"cached"}
    assert (again.bundle, again.seen.reported, again.seen.parity) == (
        result.bundle, result.seen.reported, result.seen.parity,
    )  # fmt: skip
    other = workshop.trainer.train(workshop.job(version="2.0.0"))
    assert {run.state for run in other.seen.steps} == {"cached"}
    assert other.version == manifest_of(workshop, other).version == "2.0.0"
    assert other.bundle != result.bundle
    assert workshop.store.has(result.bundle)


def test_a_bundle_that_was_altered_is_made_again(workshop: Workshop) -> None:
    result = workshop.trainer.train(workshop.job())
    name = next(file.sha256 for file in listed(workshop.store, result.bundle) if file.path == "model.onnx")
    path = workshop.place / "store" / "files" / name[:2] / name
    path.chmod(0o644)
    path.write_bytes(b"x" * path.stat().st_size)
    again = workshop.trainer.train(workshop.job())
    assert [run.state for run in again.seen.steps] == ["cached", "cached", "ran"]
    assert again.bundle == result.bundle
    assert workshop.store.read(name)


def test_a_pipeline_with_texts_and_missing_numbers_converts(workshop: Workshop) -> None:
    frame = flights()
    frame.loc[::7, "temp"] = None
    workshop.lock = workshop.locked(frame, flights(100, seed=2))
    result = workshop.trainer.train(job(workshop, PIPELINE))
    manifest = manifest_of(workshop, result)
    assert (manifest.runtime, manifest.reason) == ("onnx", "")
    assert [(c.name, c.type, c.nullable) for c in manifest.signature.inputs] == [
        ("temp", "float64", True), ("distance", "int64", False), ("carrier", "string", False),
    ]  # fmt: skip
    assert manifest.parity is not None
    assert (manifest.parity.rows, manifest.parity.mismatches) == (500, 0)
    temp = next(column for column in (manifest.summary.columns if manifest.summary else ()) if column.name == "temp")
    assert temp.missing == 58


def test_other_test_rows_package_nothing_again(workshop: Workshop) -> None:
    """They are what a conversion is compared on, and no part of the key: test data make no version."""
    first = workshop.trainer.train(workshop.job())
    workshop.lock = workshop.locked(flights(), flights(300, seed=9))
    again = workshop.trainer.train(workshop.job())
    assert {run.state for run in again.seen.steps} == {"cached"}
    assert (again.bundle, again.seen.parity) == (first.bundle, first.seen.parity)


def test_a_ready_graph_is_served_as_it_is_and_says_that_nothing_was_compared(workshop: Workshop) -> None:
    program = (
        HEAD
        + """
from skl2onnx import to_onnx
rows = frame[["distance", "temp"]].fillna(0).to_numpy("float32")
made = to_onnx(LogisticRegression(max_iter=300).fit(rows, frame["late"]), rows[:1], target_opset=17)
open("model.onnx", "wb").write(made.SerializeToString())
"""
    )
    data = Data(path="data/*.csv", drop=("carrier",))
    result = workshop.trainer.train(job(workshop, program, writes="model.onnx", data=data))
    assert result.seen.outcome == "ok", result.seen.reason
    manifest = manifest_of(workshop, result)
    assert (manifest.runtime, manifest.entry, manifest.parity) == ("onnx", "model.onnx", None)
    assert "no original to compare it with" in manifest.reason
    assert ([c.name for c in manifest.signature.inputs], manifest.classes) == (["distance", "temp"], (0, 1))
    assert manifest.summary is not None


def test_a_program_may_write_a_folder_as_mlflow_does(workshop: Workshop) -> None:
    program = (
        HEAD
        + """
import os, pickle
os.mkdir("saved")
model = LogisticRegression(max_iter=300).fit(frame[["distance", "temp"]], frame["late"])
pickle.dump(model, open("saved/model.pkl", "wb"))
open("saved/MLmodel", "w").write("flavors: {python_function: {loader_module: mlflow.sklearn, model_path: model.pkl}}")
"""
    )
    result = workshop.trainer.train(job(workshop, program, writes="saved"))
    assert result.seen.outcome == "ok", result.seen.reason
    manifest = manifest_of(workshop, result)
    assert (manifest.runtime, manifest.classes) == ("onnx", (0, 1))
    again = workshop.trainer.train(job(workshop, program, writes="saved"))
    assert {run.state for run in again.seen.steps} == {"cached"}


def test_what_expect_says_is_complete_may_not_be_missing(workshop: Workshop) -> None:
    data = Data(path="data/*.csv", expect={"temp": Expect(nulls_at_most=0.0)})
    result = workshop.trainer.train(job(workshop, PIPELINE, data=data))
    assert result.seen.signature is not None
    assert not result.seen.signature.inputs[0].nullable


FOREST = (
    HEAD.replace("RandomForestRegressor", "RandomForestClassifier")
    + """
model = RandomForestClassifier(20, max_depth=4, random_state=0)
joblib.dump(model.fit(frame[["distance", "temp"]], frame["late"]), "model.joblib")
"""
)


def test_a_column_that_was_never_missing_must_be_sent_where_the_converted_model_would_answer_otherwise(
    workshop: Workshop,
) -> None:
    manifest = manifest_of(workshop, workshop.trainer.train(job(workshop, FOREST)))
    assert (manifest.runtime, manifest.reason) == ("onnx", "")
    assert not any(column.nullable for column in manifest.signature.inputs)
    assert manifest.parity is not None
    assert manifest.parity.required == ("temp",)
    allowed = Data(path="data/*.csv", expect={"temp": Expect(nulls_at_most=0.05)})
    manifest = manifest_of(workshop, workshop.trainer.train(job(workshop, FOREST, data=allowed)))
    assert (manifest.runtime, "temp: missing" in manifest.reason) == ("python", True)
    assert manifest.signature.inputs[1].nullable


def test_a_transformer_of_the_team_is_served_by_a_process_and_says_so(workshop: Workshop) -> None:
    features = """
from sklearn.base import BaseEstimator, TransformerMixin
class Clean(TransformerMixin, BaseEstimator):
    def fit(self, x, y=None):
        self.fitted_ = True
        return self
    def transform(self, x):
        return x[["distance", "temp"]].fillna(0.0)
"""
    program = (
        HEAD
        + """
from features import Clean
model = make_pipeline(Clean(), LogisticRegression(max_iter=300))
joblib.dump(model.fit(frame[["distance", "temp", "carrier"]], frame["late"]), "model.joblib")
"""
    )
    result = workshop.trainer.train(job(workshop, program, {"features.py": features}))
    manifest = manifest_of(workshop, result)
    assert (manifest.runtime, manifest.entry) == ("python", "model.joblib")
    assert manifest.reason.startswith("it does not convert to ONNX: ")
    assert result.seen.runtime_reason == manifest.reason
    # The converters name the columns of a custom first step too; the model's own order counts.
    assert [column.name for column in manifest.signature.inputs] == ["distance", "temp", "carrier"]


def test_a_predict_of_the_teams_may_answer_labels_only(workshop: Workshop) -> None:
    predict = """
import joblib
def load(folder): return joblib.load(folder / "model.joblib")
def predict(model, frame): return model.predict(frame.assign(twice=frame.distance * 2)[["twice"]])
"""
    program = (
        HEAD
        + """
model = LogisticRegression().fit(frame.assign(twice=frame.distance * 2)[["twice"]], frame["late"])
joblib.dump(model, "model.joblib")
"""
    )
    told = job(workshop, program, {"predict.py": predict}, predict="predict.py")
    result = workshop.trainer.train(told)
    assert result.seen.outcome == "ok", result.seen.reason
    manifest = manifest_of(workshop, result)
    assert (manifest.runtime, manifest.reason) == ("python", "predict.py predicts")
    assert [column.name for column in manifest.signature.inputs] == ["distance", "temp", "carrier"]
    assert [column.name for column in manifest.signature.outputs] == ["label"]


def test_a_regression_answers_numbers(workshop: Workshop) -> None:
    program = (
        HEAD
        + """
model = RandomForestRegressor(n_estimators=5, random_state=0)
joblib.dump(model.fit(frame[["distance", "late"]].to_numpy(), frame["temp"]), "model.joblib")
"""
    )
    data = Data(path="data/*.csv", drop=("carrier",))
    result = workshop.trainer.train(job(workshop, program, task=Task(kind="regression", label="temp"), data=data))
    manifest = manifest_of(workshop, result)
    assert (manifest.runtime, manifest.classes) == ("onnx", ())
    assert [column.name for column in manifest.signature.inputs] == ["distance", "late"]
    assert [column.name for column in manifest.signature.outputs] == ["prediction"]


EVIL = """
import os, pickle
class Evil:
    def __reduce__(self): return (os.system, ("touch never",))
pickle.dump(Evil(), open("model.joblib", "wb"))
"""
FITTED = "model = LogisticRegression().fit(frame[['distance', 'temp']], frame['late'])\n"


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        (
            HEAD + "class Clean(LogisticRegression): pass\n"
            "joblib.dump(Clean().fit(frame[['distance']], frame['late']), 'model.joblib')",
            "Move Clean to features.py, import it",
        ),
        (
            EVIL,
            "The scan refuses model.joblib",
        ),
        ("open('model.joblib', 'w').write('no model')", "The scan refuses model.joblib"),
        (
            HEAD + "frame['far'] = frame.distance > 900\n"
            "joblib.dump(LogisticRegression().fit(frame[['far']], frame['late']), 'model.joblib')",
            "The model takes far, which the data do not have",
        ),
        (
            HEAD + "joblib.dump(LogisticRegression().fit(frame[['temp', 'late']], frame['late']), 'model.joblib')",
            "The model takes 'late', the label itself, as a feature",
        ),
        (
            HEAD + "joblib.dump(LogisticRegression().fit(frame[['temp']].to_numpy(), frame['late']), 'model.joblib')",
            "fitted on 1 columns without names, and the data have 3 that may be features",
        ),
        (
            HEAD + "joblib.dump(RandomForestRegressor(2).fit(frame[['temp']], frame['late']), 'model.joblib')",
            "has no classes_",
        ),
        (HEAD + FITTED + "joblib.dump({'model': model}, 'model.joblib')", "holds a dict, which has no predict"),
    ],
    ids=["__main__", "evil", "text", "unknown column", "label", "no names", "regressor", "dict"],
)
def test_what_cannot_be_served_is_refused_with_the_cure(workshop: Workshop, program: str, reason: str) -> None:
    result = workshop.trainer.train(job(workshop, program))
    assert (result.bundle, result.seen.outcome) == ("", "failed")
    assert reason in result.seen.reason, result.seen.reason
    assert result.seen.steps[-1].name == "package"


def test_the_model_in_the_store_is_the_programs_own(trained: tuple[Workshop, TrainResult], tmp_path: Path) -> None:
    workshop, result = trained
    entry = (workshop.place / "steps" / f"{result.seen.steps[1].key}.json").read_bytes()
    workshop.store.place(msgspec.json.decode(entry)["files"]["model"], tmp_path / "model.joblib")
    model = joblib.load(tmp_path / "model.joblib")
    assert list(model.predict(pd.DataFrame({"distance": [3000, 80], "temp": [50.0, 50.0]}))) == [1, 0]
