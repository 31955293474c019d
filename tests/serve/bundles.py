"""Small bundles of real models, for the tests of the server."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import joblib
import msgspec
import numpy as np
import pandas as pd
from onnx import TensorProto, helper
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from headway.evidence.bundle import BUNDLE_FILE, Column, Manifest, Signature
from headway.evidence.folder import FileDigest
from headway.evidence.summary import ColumnSummary, Summary

NUMBERS = ("distance", "temp")
ROWS = 400


def flights() -> pd.DataFrame:
    """Rows with a rule in them; `temp` is missing now and then."""
    rng = np.random.default_rng(7)
    temp = rng.normal(50, 20, ROWS)
    temp[::9] = np.nan
    frame = pd.DataFrame(
        {
            "distance": rng.integers(80, 3000, ROWS).astype(float),
            "temp": temp,
            "carrier": rng.choice(["AA", "UA", "WN"], ROWS),
        }
    )
    frame["late"] = np.where(frame.distance / 1000 + (frame.carrier == "UA") + rng.normal(0, 0.3, ROWS) > 1.5, 1, 0)
    return frame


INPUTS = (
    Column(name="distance", type="float64"),
    Column(name="temp", type="float64", nullable=True),
    Column(name="carrier", type="string", categories=("AA", "UA", "WN")),
)
OUTPUTS = (Column(name="label", type="int64"), Column(name="probabilities", type="float64"))


def pipeline() -> Pipeline:
    """A column transformer with strings before a logistic regression, fitted."""
    frame = flights()
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    columns = make_column_transformer((numbers, list(NUMBERS)), (OneHotEncoder(handle_unknown="ignore"), ["carrier"]))
    return make_pipeline(columns, LogisticRegression()).fit(frame[[*NUMBERS, "carrier"]], frame["late"])


def reference() -> Summary:
    """What the bundle says of its training rows."""
    edges = (500.0, 1000.0, 1500.0, 2000.0)
    return Summary(
        rows=ROWS,
        columns=(
            ColumnSummary(name="distance", edges=edges, counts=(60, 80, 80, 80, 100)),
            ColumnSummary(name="temp", edges=(30.0, 50.0, 70.0), counts=(90, 90, 90, 85), missing=45),
            ColumnSummary(name="carrier", levels=("AA", "UA", "WN"), counts=(130, 140, 130)),
            ColumnSummary(name="prediction:label", levels=("0", "1"), counts=(200, 200)),
            ColumnSummary(name="prediction:probabilities", edges=(0.25, 0.5, 0.75), counts=(100, 100, 100, 100)),
        ),
    )


def write_bundle(folder: Path, manifest: Manifest, files: dict[str, bytes]) -> Path:
    """Write a folder whose bundle.json names every file in it."""
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    listed = tuple(
        FileDigest(path=name, size=len(data), sha256=hashlib.sha256(data).hexdigest()) for name, data in files.items()
    )
    whole = msgspec.structs.replace(manifest, files=listed)
    (folder / BUNDLE_FILE).write_bytes(msgspec.json.encode(whole))
    return folder


def classifier_manifest(**changes: Any) -> Manifest:
    """The manifest of the classifier, without its files."""
    told = Manifest(
        model="delay",
        version="1.2.3",
        task="classification",
        classes=(0, 1),
        positive=1,
        signature=Signature(inputs=INPUTS, outputs=OUTPUTS),
        runtime="onnx",
        entry="model.onnx",
        summary=reference(),
    )
    return msgspec.structs.replace(told, **changes)


def onnx_classifier(folder: Path) -> Path:
    """A pipeline with strings, as ONNX with one input a column."""
    kinds = [(name, FloatTensorType([None, 1])) for name in NUMBERS] + [("carrier", StringTensorType([None, 1]))]
    made = convert_sklearn(pipeline(), initial_types=kinds, options={"zipmap": False})
    return write_bundle(folder, classifier_manifest(), {"model.onnx": made.SerializeToString()})


def forest() -> RandomForestRegressor:
    """A small forest over numbers, fitted."""
    frame = flights().fillna(0.0)
    made = RandomForestRegressor(n_estimators=5, max_depth=4, random_state=0)
    return made.fit(frame[list(NUMBERS)].to_numpy(np.float32), frame["late"] * frame["distance"])


def onnx_regressor(folder: Path) -> Path:
    """The forest, as ONNX with one matrix."""
    made = convert_sklearn(forest(), initial_types=[("X", FloatTensorType([None, len(NUMBERS)]))])
    columns = tuple(Column(name=name, type="float64") for name in NUMBERS)
    manifest = Manifest(
        model="minutes",
        version="2.0.0",
        task="regression",
        signature=Signature(inputs=columns, outputs=(Column(name="prediction", type="float64"),)),
        runtime="onnx",
        entry="model.onnx",
    )
    return write_bundle(folder, manifest, {"model.onnx": made.SerializeToString()})


def onnx_sum(folder: Path) -> Path:
    """A column of every type: `total` is x + n + b, and one more where s is AB."""
    kinds = {"x": TensorProto.DOUBLE, "n": TensorProto.INT64, "b": TensorProto.BOOL, "s": TensorProto.STRING}
    nodes = [
        helper.make_node("Equal", ["s", "AB"], ["same"]),
        *(helper.make_node("Cast", [name], [f"{name}_"], to=TensorProto.DOUBLE) for name in ("n", "b", "same")),
        helper.make_node("Sum", ["x", "n_", "b_", "same_"], ["total"]),
    ]
    graph = helper.make_graph(
        nodes,
        "sum",
        [helper.make_tensor_value_info(name, kind, [None, 1]) for name, kind in kinds.items()],
        [helper.make_tensor_value_info("total", TensorProto.DOUBLE, [None, 1])],
        [helper.make_tensor("AB", TensorProto.STRING, [1], [b"AB"])],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)], ir_version=9)
    columns = (
        Column(name="x", type="float64", nullable=True),
        Column(name="n", type="int64"),
        Column(name="b", type="bool"),
        Column(name="s", type="string", categories=("AB", "CD")),
    )
    manifest = Manifest(
        model="sum",
        version="1.0.0",
        task="regression",
        signature=Signature(inputs=columns, outputs=(Column(name="total", type="float64"),)),
        runtime="onnx",
        entry="model.onnx",
    )
    return write_bundle(folder, manifest, {"model.onnx": made.SerializeToString()})


def python_classifier(folder: Path, predict: str = "", code: dict[str, str] | None = None) -> Path:
    """The same pipeline as a joblib file, with a `predict.py` when one is given."""
    folder.mkdir(parents=True, exist_ok=True)
    joblib.dump(pipeline(), folder / "model.joblib")
    files = {"model.joblib": (folder / "model.joblib").read_bytes()}
    files |= {name: text.encode() for name, text in (code or {}).items()}
    if predict:
        files["predict.py"] = predict.encode()
    manifest = classifier_manifest(
        runtime="python", entry="model.joblib", predict="predict.py" if predict else None, code=tuple(code or ())
    )
    return write_bundle(folder, manifest, files)


def renamed(folder: Path, **changes: Any) -> Path:
    """A bundle whose manifest says something else of itself."""
    manifest = msgspec.json.decode((folder / BUNDLE_FILE).read_bytes(), type=Manifest)
    (folder / BUNDLE_FILE).write_bytes(msgspec.json.encode(msgspec.structs.replace(manifest, **changes)))
    return folder


def request(rows: Sequence[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """An inference request with one input a column."""
    kinds = {"carrier": "BYTES"}
    inputs = [
        {"name": name, "shape": [len(rows)], "datatype": kinds.get(name, "FP64"), "data": [row[name] for row in rows]}
        for name in rows[0]
    ]
    return {"inputs": inputs, **more}


ROW = {"distance": 1400.0, "temp": 40.0, "carrier": "UA"}
