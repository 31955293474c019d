"""`headway serve FILE`: a bare model file is scanned, converted and served, and every mistake is one clear sentence."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import joblib
import numpy as np
import pytest
from skl2onnx import to_onnx
from sklearn.linear_model import LinearRegression, LogisticRegression
from tests.adapters.steps.boosters import interpreter
from tests.adapters.steps.packing import FRAME

MATRIX = FRAME[["distance", "temp"]].fillna(0.0)


def command(*words: str) -> list[str]:
    return [sys.executable, "-c", "from headway.app.cli.main import main; main()", "serve", *words]


@contextmanager
def serving(place: Path, *words: str) -> Iterator[tuple[httpx.Client, str]]:
    """A client of the server, and what it said before it was ready."""
    ready, log, work = place / "ready.json", place / "serve.log", place / "work"
    work.mkdir()
    environ = {**os.environ, "TMPDIR": str(work)}
    with log.open("w") as sink:
        process = subprocess.Popen(
            command(*words, "--ready-file", str(ready), "--quiet", "0.1"), stdout=sink, stderr=sink, env=environ
        )
    try:
        until = time.monotonic() + 100
        while not ready.exists():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.02)
        with httpx.Client(base_url=f"http://127.0.0.1:{json.loads(ready.read_text())['port']}", timeout=20) as client:
            yield client, log.read_text()
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        assert list(work.glob("headway-*")) == []
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("files")
    FRAME[["distance", "temp", "carrier", "grade"]].fillna({"temp": 0.0}).to_csv(place / "rows.csv", index=False)
    sample = MATRIX.to_numpy(np.float32)
    graph = to_onnx(LogisticRegression(max_iter=300).fit(sample, FRAME["grade"]), sample[:1], target_opset=17)
    (place / "grade.onnx").write_bytes(graph.SerializeToString())
    two = to_onnx(LinearRegression().fit(sample, FRAME[["minutes", "late"]]), sample[:1], target_opset=17)
    (place / "two.onnx").write_bytes(two.SerializeToString())
    joblib.dump(LogisticRegression(max_iter=300).fit(MATRIX, FRAME["grade"]), place / "grade.joblib")
    (place / "evil.pkl").write_bytes(b"\x80\x02cos\nsystem\nX\x02\x00\x00\x00id\x85R.")
    return place


def free_port() -> int:
    with socket.socket() as own:
        own.bind(("127.0.0.1", 0))
        return int(own.getsockname()[1])


def rows(*values: tuple[float, float], names: tuple[str, str] = ("distance", "temp")) -> dict[str, Any]:
    return {"dataframe_split": {"columns": list(names), "data": [list(row) for row in values]}}


def test_a_graph_is_served_as_it_is_with_the_names_of_its_classes(files: Path, tmp_path: Path) -> None:
    port = str(free_port())
    with serving(tmp_path, str(files / "grade.onnx"), "--port", port) as (client, said):
        assert "classification: 'high', 'low', 'middle'" in said
        assert "there is no original to compare it with" in said
        answer = client.post("/invocations", json=rows((100.0, 50.0), (2900.0, 50.0), names=("x0", "x1"))).json()
        assert answer["predictions"] == ["low", "high"]
        assert [sum(row) for row in answer["probabilities"]] == pytest.approx([1.0, 1.0], abs=1e-5)
        shown = next(line for line in said.splitlines() if line.strip().startswith("try"))
        done = subprocess.check_output(["bash", "-c", shown.partition("try")[2]], text=True, timeout=30)
        assert "predictions" in done


def test_a_pickle_with_a_sample_is_converted_compared_and_served(files: Path, tmp_path: Path) -> None:
    words = ["--sample", str(files / "rows.csv"), "--label", "grade", "--name", "grades", "--port", str(free_port())]
    with serving(tmp_path, str(files / "grade.joblib"), *words) as (client, said):
        assert "takes    distance (int64), temp (float64, may be missing)" in said
        answer = client.post("/invocations", json=rows((100.0, 50.0), (2900.0, 50.0))).json()
        assert answer["predictions"] == ["low", "high"]
        assert client.get("/v2/models/grades").json()["inputs"][0]["name"] == "distance"


def test_a_graph_of_two_numbers_answers_two(files: Path, tmp_path: Path) -> None:
    with serving(tmp_path, str(files / "two.onnx"), "--port", str(free_port())) as (client, said):
        assert "prediction (2 x float64)" in said
        answer = client.post("/invocations", json=rows((1000.0, 50.0), names=("x0", "x1"))).json()
        ((minutes, late),) = answer["predictions"]
        assert (50 < minutes < 300, -1 < late < 2) == (True, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["none.onnx"], "none.onnx is not there"),
        (["grade.joblib"], "does not say what its columns hold. Give some rows that it may be asked"),
        (["evil.pkl", "--sample", "rows.csv"], "The scan refuses evil.pkl: os:system"),
        (["evil.pkl", "--sample", "rows.csv"], "allow it by name: --allow MODULE:NAME"),
        (["grade.joblib", "--sample", "none.csv"], "none.csv cannot be read: No such file"),
        (["grade.joblib", "--sample", "grade.onnx"], "grade.onnx cannot be read as rows"),
        (["grade.joblib", "--sample", "rows.csv", "--label", "nope"], "has no column 'nope'; its columns: dist"),
        (["grade.onnx", "--sample", "rows.csv", "--label", "grade"], "2 columns without names, and the data have 3"),
        (["grade.joblib", "--sample", "rows.csv", "--task", "regression"], "is a classifier"),
        (["two.onnx", "--task", "classification"], "as the probabilities of a row, which do not add up to 1"),
        (["grade.joblib", "--sample", "rows.csv", "--python", "/no/python"], "/no/python cannot be started"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_clear_sentence(files: Path, words: list[str], said: str) -> None:
    done = subprocess.run(command(*words), cwd=files, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 1, done.stderr
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr


def test_options_of_a_bare_file_are_refused_for_a_bundle(files: Path) -> None:
    (files / "bundle").mkdir()
    (files / "bundle" / "bundle.json").write_text("{}")
    words = command("bundle", "--label", "late")
    done = subprocess.run(words, cwd=files, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "are for a bare model file" in done.stderr


CODE = """
import mlflow
class Half(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return model_input["x"] / 2
"""
SAVING = """
import sys, warnings
import mlflow, pandas
from mlflow.models import infer_signature
sys.path.insert(0, ".")
warnings.simplefilter("ignore")
rows = pandas.DataFrame({"x": [1.0, 2.0]})
wish = {"signature": infer_signature(rows, rows["x"] / 2), "pip_requirements": []}
mlflow.pyfunc.save_model("from-code", python_model="half.py", **wish)
class Half(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return model_input["x"] / 2
mlflow.pyfunc.save_model("pickled", python_model=Half(), **wish)
"""


def test_a_python_model_of_mlflows_is_served_by_mlflow_from_code_and_refused_as_a_pickle(tmp_path: Path) -> None:
    python = str(interpreter())
    (tmp_path / "half.py").write_text(CODE + "mlflow.models.set_model(Half())\n")
    made = subprocess.run([python, "-c", SAVING], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert made.returncode == 0, made.stderr
    options = ("--python", python, "--task", "regression", "--port", str(free_port()))
    with serving(tmp_path, str(tmp_path / "from-code"), *options) as (client, said):
        answer = client.post("/invocations", json={"dataframe_records": [{"x": 3.0}, {"x": 5.0}]})
    assert (answer.json(), "in a process of its own" in said) == ({"predictions": [1.5, 2.5]}, True)
    pickled = command(str(tmp_path / "pickled"), *options)
    refused = subprocess.run(pickled, capture_output=True, text=True, timeout=60, check=False)
    assert (refused.returncode, "cloudpickle" in refused.stderr, "--allow" in refused.stderr) == (1, True, True)
