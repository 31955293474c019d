"""A network that torch has exported (torch/export.py), packaged and served: its answers are torch's own."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.adapters.steps.packing import bench
from tests.serve.running import serving

from headway.adapters.steps.package import package
from headway.adapters.steps.subject import Subject

HERE = Path(__file__).parent / "torch"


def test_a_network_of_torchs_is_served_as_torch_answers(tmp_path: Path) -> None:
    known = json.loads((HERE / "late.json").read_text())
    rng = np.random.default_rng(1)
    columns = {name: rng.normal(size=40) * 100 for name in ("distance", "temp", "hour")}
    frame = pl.DataFrame({**columns, "late": rng.integers(0, 2, 40)})
    model = {"late.onnx": (HERE / "late.onnx").read_bytes()}
    subject = Subject(
        name="delay",
        label="late",
        entry="late.onnx",
        model=model,
        task="classification",
        reference=frame[:30],
        tested=frame[30:],
    )
    made = package(subject, bench(tmp_path))
    assert (made.manifest.runtime, made.manifest.classes) == ("onnx", (0, 1))
    body = {"inputs": [{"name": "X", "shape": [4, 3], "datatype": "FP32", "data": known["rows"]}]}
    with serving(made.folder, tmp_path) as server:
        outputs = {each["name"]: each for each in server.infer(body).json()["outputs"]}
    truth = np.array(known["probabilities"])
    assert outputs["probabilities"]["shape"] == [4, 2]
    assert outputs["probabilities"]["data"] == pytest.approx(truth.ravel().tolist(), rel=1e-5)
    assert outputs["label"]["data"] == truth.argmax(axis=1).tolist()
