"""Classifiers that answer several labels at once: converted or not, each label has its classes and probabilities."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier
from tests.adapters.steps.packing import FRAME, bench, packed, subject
from tests.serve.running import serving

from headway.adapters.steps.package import package
from headway.evidence.bundle import Column
from headway.reconcile.ports import PortError

NUMBERS = ["distance", "minutes"]
ROWS = FRAME[NUMBERS]
WORDS = np.stack([FRAME["grade"], FRAME["was_late"].map({True: "yes", False: "no"})], axis=1)
FLAGS = np.stack([FRAME["late"], (FRAME["minutes"] > 200).astype(int)], axis=1)
TRUTHS = np.stack([FRAME["was_late"], FRAME["minutes"] > 200], axis=1)
GRADES, ANSWERS = ("high", "low", "middle"), ("no", "yes")

scaled = StandardScaler()
forest = RandomForestClassifier(5, max_depth=4, random_state=0)
# The model, what it learns, which runtime answers, and the classes of each label.
MODELS: dict[str, tuple[Any, Any, str, tuple[tuple[Any, ...], ...]]] = {
    "one classifier a label, of words": (
        make_pipeline(scaled, MultiOutputClassifier(LogisticRegression())), WORDS, "onnx", (GRADES, ANSWERS),
    ),
    "one classifier a label, of booleans": (
        make_pipeline(scaled, MultiOutputClassifier(LogisticRegression())), TRUTHS, "onnx", ((False, True),) * 2,
    ),
    "a forest": (forest, FLAGS, "onnx", ((0, 1),) * 2),
    "a forest of words, whose converter cannot": (forest, WORDS, "python", (GRADES, ANSWERS)),
    "one against the rest": (
        make_pipeline(scaled, OneVsRestClassifier(LogisticRegression())), FLAGS, "onnx", ((0, 1),) * 2,
    ),
    "a network, whose converter errs": (
        make_pipeline(scaled, MLPClassifier((4,), max_iter=200, random_state=0)), FLAGS, "python", ((0, 1),) * 2,
    ),
    "a chain": (ClassifierChain(make_pipeline(scaled, LogisticRegression())), FLAGS, "python", ((0, 1),) * 2),
    "without probabilities": (make_pipeline(scaled, RidgeClassifier()), FLAGS, "python", ((0, 1),) * 2),
}  # fmt: skip


def chances(model: Any, rows: Any) -> list[Any]:
    """scikit-learn's own probabilities, a matrix a label."""
    found = model.predict_proba(rows)
    return found if isinstance(found, list) else [np.stack([1 - part, part], axis=1) for part in found.T]


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
@pytest.mark.parametrize("name", MODELS)
def test_each_label_is_answered_as_the_model_answers_it(name: str, tmp_path: Path) -> None:
    model, truth, runtime, classes = MODELS[name]
    model.fit(ROWS, truth)
    made = packed(tmp_path, model, "late", *NUMBERS, several=True)
    manifest = made.manifest
    assert manifest.runtime == runtime, manifest.reason
    if runtime == "onnx":
        assert manifest.parity is not None
        assert (manifest.parity.rows, manifest.parity.mismatches) == (1200, 0)
        assert manifest.parity.test_rows == 300
    told = {column.name: column.classes for column in manifest.signature.outputs}
    assert [told[f"label_{at}"] for at in range(2)] == list(classes)
    assert manifest.classes == ()

    rows = ROWS.head(5)
    labels = model.predict(rows)
    with serving(made.folder, tmp_path) as server:
        body = [{"name": name, "shape": [5], "datatype": "FP64", "data": rows[name].tolist()} for name in NUMBERS]
        answers = {each["name"]: each for each in server.infer({"inputs": body}).json()["outputs"]}
        known = {each["name"]: each for each in server.client.get("/v2/models/delay").json()["outputs"]}
        assert list(answers) == list(told) == list(known)
        for at in range(2):
            answer = answers[f"label_{at}"]
            assert (answer["shape"], answer["data"]) == ([5], labels[:, at].tolist())
            assert answer["datatype"] == known[f"label_{at}"]["datatype"]
        split = {"dataframe_split": {"columns": NUMBERS, "data": rows.to_numpy().tolist()}}
        said = server.client.post("/invocations", json=split).json()
        assert said["predictions"] == labels.tolist()
        if "probabilities_0" not in told:
            assert "probabilities" not in said
            return
        for at, matrix in enumerate(chances(model, rows)):
            answer = answers[f"probabilities_{at}"]
            assert answer["shape"] == [5, len(classes[at])]
            assert answer["data"] == pytest.approx(matrix.ravel().tolist(), abs=1e-5)
            assert known[f"probabilities_{at}"]["parameters"]["classes"] == list(classes[at])
            assert [row[at] for row in said["probabilities"]] == [
                pytest.approx(row, abs=1e-5) for row in matrix.tolist()
            ]


def test_texts_and_several_labels_convert_together(tmp_path: Path) -> None:
    columns = make_column_transformer((OneHotEncoder(handle_unknown="ignore"), ["carrier"]), (scaled, ["distance"]))
    model = make_pipeline(columns, MultiOutputClassifier(LogisticRegression()))
    model.fit(FRAME[["carrier", "distance"]], WORDS)
    made = packed(tmp_path, model, "late", "carrier", "distance", several=True).manifest
    assert (made.runtime, made.reason) == ("onnx", "")
    assert made.parity is not None
    assert made.parity.edge_mismatches == 0
    assert made.summary is not None
    predicted = {column.name: column.levels for column in made.summary.columns if "label" in column.name}
    assert {name: set(levels) for name, levels in predicted.items()} == {
        "prediction:label_0": set(GRADES),
        "prediction:label_1": set(ANSWERS),
    }


def converted(model: Any) -> bytes:
    """The bytes of a graph that somebody else made."""
    skl2onnx = pytest.importorskip("skl2onnx")
    types = pytest.importorskip("skl2onnx.common.data_types")
    made = skl2onnx.convert_sklearn(
        model, initial_types=[("X", types.FloatTensorType([None, 2]))], options={id(model): {"zipmap": False}},
        target_opset={"": 17, "ai.onnx.ml": 3},
    )  # fmt: skip
    return bytes(made.SerializeToString())


def test_a_ready_graph_of_several_labels_counts_its_classes(tmp_path: Path) -> None:
    model = MultiOutputClassifier(DecisionTreeClassifier(max_depth=2)).fit(ROWS.to_numpy(), FLAGS)
    ready = subject(converted(model), "late", *NUMBERS, entry="model.onnx", several=True)
    made = package(ready, bench(tmp_path)).manifest
    outputs = made.signature.outputs
    assert outputs[1] == Column(name="label_1", type="int64", classes=(0, 1))
    assert outputs[3] == Column(name="probabilities_1", type="float64", width=2, classes=(0, 1))


def test_a_ready_graph_of_several_words_a_row_is_refused_for_it_names_no_classes(tmp_path: Path) -> None:
    model = MultiOutputClassifier(DecisionTreeClassifier(max_depth=2)).fit(ROWS.to_numpy(), WORDS)
    ready = subject(converted(model), "late", *NUMBERS, entry="model.onnx", several=True)
    with pytest.raises(PortError, match="answers 2 labels at once and names no classes"):
        package(ready, bench(tmp_path))


def test_feedback_of_several_labels_is_refused_with_the_reason(tmp_path: Path) -> None:
    made = packed(tmp_path, forest.fit(ROWS, FLAGS), "late", *NUMBERS, several=True)
    with serving(made.folder, tmp_path) as server:
        answer = server.client.post("/v2/models/delay/feedback", json={"feedback": [{"id": "a", "label": 1}]})
    assert answer.status_code == 400
    assert "several labels" in answer.json()["error"]
