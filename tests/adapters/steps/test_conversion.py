"""What of scikit-learn converts to ONNX, with which parity, and what is served by a process instead, and why."""

from pathlib import Path

import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestRegressor
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
from tests.adapters.steps.packing import FRAME, bench, packed, subject
from tests.serve.running import serving

from headway.adapters.steps.package import package
from headway.evidence.bundle import Column
from headway.reconcile.ports import PortError

NUMBERS = ["distance", "temp"]
ALL = [*NUMBERS, "carrier", "remark"]
unseen = OneHotEncoder(handle_unknown="ignore")
gaps = make_pipeline(SimpleImputer(), StandardScaler())

CONVERTING = {
    "one-hot, imputed, scaled": (
        make_pipeline(make_column_transformer((gaps, NUMBERS), (unseen, ["carrier"])), LogisticRegression()),
        "grade",
    ),
    "text": (
        make_pipeline(
            make_column_transformer((CountVectorizer(), "remark"), (unseen, ["carrier"])), LogisticRegression()
        ),
        "was_late",
    ),
    "calibrated": (
        make_pipeline(make_column_transformer((gaps, NUMBERS)), CalibratedClassifierCV(LogisticRegression(), cv=2)),
        "late",
    ),
}


@pytest.mark.parametrize("name", CONVERTING)
def test_what_converts_answers_as_before_on_rows_of_the_test_part_and_at_the_edges(name: str, tmp_path: Path) -> None:
    model, label = CONVERTING[name]
    made = packed(tmp_path, model.fit(FRAME[ALL], FRAME[label]), label, *ALL).manifest
    assert (made.runtime, made.reason) == ("onnx", "")
    found = made.parity
    assert found is not None
    assert (found.rows, found.test_rows, found.mismatches, found.edge_mismatches) == (1200, 300, 0, 0)
    assert found.edge_rows >= 30
    assert found.largest_difference < 1e-5
    assert list(made.classes) == sorted(FRAME[label].unique().tolist())


def test_several_numbers_a_row_are_answered_by_every_protocol(tmp_path: Path) -> None:
    model = RandomForestRegressor(5, random_state=0).fit(FRAME[["distance"]], FRAME[["minutes", "late"]])
    made = packed(tmp_path, model, "minutes", "distance")
    assert made.manifest.runtime == "onnx", made.manifest.reason
    assert made.manifest.signature.outputs == (Column(name="prediction", type="float64", width=2),)
    truth = model.predict(FRAME[["distance"]].head(3)).tolist()
    rows = FRAME["distance"].head(3).tolist()
    with serving(made.folder, tmp_path) as server:
        body = {"inputs": [{"name": "distance", "shape": [3], "datatype": "INT64", "data": rows}]}
        (output,) = server.infer(body).json()["outputs"]
        assert output["shape"] == [3, 2]
        assert output["data"] == pytest.approx([value for row in truth for value in row], rel=1e-5)
        answer = server.client.post(
            "/invocations", json={"dataframe_split": {"columns": ["distance"], "data": [[v] for v in rows]}}
        )
        for found, known in zip(answer.json()["predictions"], truth, strict=True):
            assert found == pytest.approx(known, rel=1e-5)
        told = server.client.get("/v2/models/delay").json()["outputs"]
        assert told == [{"name": "prediction", "datatype": "FP64", "shape": [-1, 2]}]


def test_where_the_original_fails_and_the_converted_answers_it_is_told_and_no_mismatch(tmp_path: Path) -> None:
    model = make_pipeline(make_column_transformer((OrdinalEncoder(), ["carrier"])), LogisticRegression())
    made = packed(tmp_path, model.fit(FRAME[["carrier"]], FRAME["late"]), "late", "carrier").manifest
    assert made.runtime == "onnx", made.reason
    assert made.parity is not None
    assert made.parity.edge_mismatches == 0
    assert "every text unseen (the original fails, the converted model answers)" in made.parity.edges


FREE = """
class Rule:
    def predict(self, frame):
        return (frame["distance"] > 1500).astype(float) * 0.8 + 0.1
"""


def test_any_object_with_predict_is_served_as_what_it_answers(tmp_path: Path) -> None:
    code = {"features.py": FREE.encode()}
    pickled = b"\x80\x02cfeatures\nRule\n)\x81."
    found = subject(pickled, "late", "distance", entry="model.pkl", code=code)
    made = package(found, bench(tmp_path)).manifest
    assert (made.runtime, made.classes) == ("python", (0, 1))
    assert [column.name for column in made.signature.outputs] == ["label", "probabilities"]


def test_several_labels_at_once_are_no_model_of_a_repository_whose_gates_judge_one(tmp_path: Path) -> None:
    model = MultiOutputClassifier(LogisticRegression()).fit(FRAME[["distance"]], FRAME[["late", "was_late"]])
    with pytest.raises(PortError, match="answers several labels at once, and a gate judges one; fit one classifier"):
        packed(tmp_path, model, "late", "distance")
