"""The model that every server gets, a forest of 100 trees of depth 8 over 20 features: its files and its truth."""

import hashlib
import io
from pathlib import Path
from typing import Any

import joblib
import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from headway.evidence.bundle import BUNDLE_FILE, Column, Manifest, Signature
from headway.evidence.folder import FileDigest
from headway.evidence.summary import ColumnSummary, Summary

__all__ = ["EDGES", "FEATURES", "NAMES", "SIGNATURE", "Forest", "make_forest", "make_linear"]

FEATURES = 20
NAMES = [f"f{number}" for number in range(FEATURES)]
SIGNATURE = Signature(
    inputs=tuple(Column(name=name, type="float64") for name in NAMES),
    outputs=(Column(name="label", type="int64"), Column(name="probabilities", type="float64")),
)
EDGES = tuple(float(cut) for cut in np.linspace(-2, 2, 31))
ASKED = 200


class Forest(Struct, frozen=True, kw_only=True):
    """Where the model lies in each form, and `ASKED` rows with the labels that scikit-learn gives them."""

    onnx: Path
    joblib: Path
    bundle: Path
    unconverted: Path
    rows: NDArray[np.float64]
    labels: list[int]


def make_forest(place: Path) -> Forest:
    """The forest, the same each time, in every form under `place`."""
    return _made(place, RandomForestClassifier(100, max_depth=8, random_state=0, n_jobs=1))


def make_linear(place: Path) -> Forest:
    """A model of the same columns that costs next to nothing, so that what it is asked with is what costs."""
    return _made(place, make_pipeline(StandardScaler(), LogisticRegression()))


def _made(place: Path, forest: Any) -> Forest:  # noqa: ANN401 - any classifier of scikit-learn's
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(4000, FEATURES)).astype(np.float32)
    forest.fit(rows, (rows[:, 0] * rows[:, 1] + rows[:, 2] > 0).astype(int))
    kinds = [("X", FloatTensorType([None, FEATURES]))]
    buffer = io.BytesIO()
    joblib.dump(forest, buffer)
    files = {
        "model.onnx": convert_sklearn(forest, initial_types=kinds, options={"zipmap": False}).SerializeToString(),
        "model.joblib": buffer.getvalue(),
    }
    place.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (place / name).write_bytes(data)
    asked = np.random.default_rng(1).normal(size=(ASKED, FEATURES)).round(4)
    return Forest(
        onnx=place / "model.onnx",
        joblib=place / "model.joblib",
        bundle=_bundle(place / "onnx" / "forest", "onnx", "model.onnx", files["model.onnx"]),
        unconverted=_bundle(place / "python" / "forest", "python", "model.joblib", files["model.joblib"]),
        rows=asked,
        labels=forest.predict(asked.astype(np.float32)).tolist(),
    )


def _bundle(folder: Path, runtime: str, entry: str, data: bytes) -> Path:
    """A bundle with a reference summary, so that drift is counted too."""
    manifest = Manifest(
        model="forest",
        version="1.0.0",
        task="classification",
        classes=(0, 1),
        signature=SIGNATURE,
        runtime="onnx" if runtime == "onnx" else "python",
        entry=entry,
        files=(FileDigest(path=entry, size=len(data), sha256=hashlib.sha256(data).hexdigest()),),
        summary=Summary(rows=0, columns=tuple(ColumnSummary(name=n, edges=EDGES, counts=(0,) * 32) for n in NAMES)),
    )
    folder.mkdir(parents=True)
    (folder / entry).write_bytes(data)
    (folder / BUNDLE_FILE).write_bytes(msgspec.json.encode(manifest))
    return folder
