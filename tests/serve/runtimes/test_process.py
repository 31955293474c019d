"""The runtime `python`: a model in a process of its own, behind the same server."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from tests.serve.bundles import ROW, flights, pipeline, python_classifier, request
from tests.serve.running import Server, refusal, serving

from headway.serve.runtimes import worker

STRICT = """
from pathlib import Path
import os, joblib
from features import check

def load(folder: Path):
    print("loading, on standard output")
    return joblib.load(folder / "model.joblib")

def predict(model, frame):
    check(frame)
    if (frame.carrier == "KeyError").any():
        raise KeyError("carrier")
    if (frame.carrier == "die").any():
        os._exit(3)
    if (frame.carrier == "shape").any():
        return [[1.0]]
    if (frame.carrier == "nan").any():
        return model.predict_proba(frame) * float("nan")
    return model.predict_proba(frame)
"""
FEATURES = """
def check(frame):
    print("checking", len(frame))
    if frame.isna().any(axis=None):
        raise ValueError("the weather is incomplete")
"""


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return python_classifier(tmp_path_factory.mktemp("strict"), STRICT, {"features.py": FEATURES})


def test_an_estimator_is_answered_as_scikit_learn_answers(unconverted: Path, tmp_path: Path) -> None:
    rows = flights()[["distance", "temp", "carrier"]].head(30)
    sent = [{k: None if v != v else v for k, v in row.items()} for row in rows.to_dict("records")]  # noqa: PLR0124 - NaN
    with serving(unconverted, tmp_path) as server:
        labels, probabilities = server.infer(request(sent)).json()["outputs"]
        assert server.client.get("/v2/models/delay").json()["platform"] == "python"
    truth = pipeline().predict_proba(rows)
    assert labels["data"] == truth.argmax(axis=1).tolist()
    np.testing.assert_allclose(np.reshape(probabilities["data"], (30, 2)), truth, rtol=1e-12)


def together(server: Server, rows: list[dict[str, object]]) -> list[int]:
    """Send each row in a request of its own, all at once; the statuses."""
    with ThreadPoolExecutor(len(rows)) as pool:
        return [done.status_code for done in pool.map(lambda row: server.infer(request([row])), rows)]


def test_a_row_that_the_team_refuses_is_422_and_its_neighbours_are_answered(strict: Path, tmp_path: Path) -> None:
    with serving(strict, tmp_path) as server:
        assert "weather is incomplete" in server.infer(request([{**ROW, "temp": None}])).json()["error"]
        rows = [{**ROW, "temp": None if number % 4 == 0 else 1.0} for number in range(16)]
        assert together(server, rows) == [422 if number % 4 == 0 else 200 for number in range(16)]
        metrics = server.client.get("/metrics").text
        assert 'ml_prediction_errors_total{model="delay",version="1.2.3"} 5' in metrics


@pytest.mark.parametrize("carrier", ["KeyError", "nan", "shape"])
def test_a_model_that_fails_is_500_and_goes_on(strict: Path, tmp_path: Path, carrier: str) -> None:
    with serving(strict, tmp_path) as server:
        assert together(server, [{**ROW, "carrier": carrier}, ROW, ROW])[1:] == [200, 200]
        assert server.infer(request([{**ROW, "carrier": carrier}])).status_code == 500
        assert server.infer(request([ROW])).status_code == 200


def test_a_worker_that_dies_is_503_not_ready_and_comes_back(strict: Path, tmp_path: Path) -> None:
    with serving(strict, tmp_path) as server:
        died = server.infer(request([{**ROW, "carrier": "die"}]))
        assert (died.status_code, died.headers["retry-after"]) == (503, "1")
        assert server.client.get("/v2/health/ready").status_code == 503
        assert server.client.get("/v2/health/live").status_code == 200
        assert server.infer(request([ROW])).status_code == 503
        until = time.monotonic() + 30
        while server.client.get("/v2/health/ready").status_code != 200:
            assert time.monotonic() < until
            time.sleep(0.05)
        assert server.infer(request([ROW])).status_code == 200


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="reads /proc")
def test_a_worker_that_dies_while_idle_is_replaced_before_anyone_asks(strict: Path, tmp_path: Path) -> None:
    with serving(strict, tmp_path) as server:
        (child,) = children(server.process.pid)
        os.kill(child, signal.SIGKILL)
        until = time.monotonic() + 30
        while children(server.process.pid) in ([], [child]) or server.client.get("/v2/health/ready").status_code != 200:
            assert time.monotonic() < until
            time.sleep(0.02)
        assert server.infer(request([ROW])).status_code == 200


def test_serving_writes_nothing_into_the_bundle(strict: Path, tmp_path: Path) -> None:
    before = sorted(path.name for path in strict.rglob("*"))
    with serving(strict, tmp_path) as server:
        assert server.infer(request([ROW])).status_code == 200
    assert sorted(path.name for path in strict.rglob("*")) == before
    with serving(strict, tmp_path) as server:
        assert server.infer(request([ROW])).status_code == 200


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="reads /proc")
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_no_worker_outlives_its_server(strict: Path, tmp_path: Path, how: signal.Signals) -> None:
    with serving(strict, tmp_path) as server:
        (child,) = children(server.process.pid)
        os.kill(child, signal.SIGTERM)  # to the whole group, say: it must not break the drain
        assert server.infer(request([ROW])).status_code == 200
        server.process.send_signal(how)
        server.process.wait(timeout=20)
        until = time.monotonic() + 20
        while Path(f"/proc/{child}/cmdline").exists() and Path(f"/proc/{child}/cmdline").read_bytes():
            assert time.monotonic() < until
            time.sleep(0.02)


@pytest.mark.parametrize(
    ("predict", "said"),
    [
        ("import nothing_of_this_name", "nothing_of_this_name"),
        ("def load(folder): raise OSError('no disk')", "no disk"),
        ("def predict(model, frame): return [[0.5, 0.4, 0.1]] * len(frame)", "(1, 3)"),
        ("def predict(model, frame): return ['a'] * len(frame)", "probabilities"),
        ("import sys; sys.exit(1)", "SystemExit"),
        ("import os; os._exit(7)", "ended"),
    ],
)
def test_a_model_that_does_not_load_or_fit_its_signature_is_refused(tmp_path: Path, predict: str, said: str) -> None:
    bundle = python_classifier(tmp_path / "bundle", predict)
    done = subprocess.run(
        [sys.executable, "-m", "headway.serve", str(bundle)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("headway serve: the model")
    assert said in last


def test_probabilities_of_the_positive_class_alone_are_enough(tmp_path: Path) -> None:
    predict = "def predict(model, frame): return model.predict_proba(frame)[:, 1]"
    with serving(python_classifier(tmp_path / "bundle", predict), tmp_path) as server:
        _, probabilities = server.infer(request([ROW])).json()["outputs"]
    truth = pipeline().predict_proba(flights()[["distance", "temp", "carrier"]].head(1).assign(**ROW))[0]
    np.testing.assert_allclose(probabilities["data"], truth)


def test_an_interpreter_that_cannot_be_run_is_named(unconverted: Path) -> None:
    assert "/no/such/python cannot be run" in refusal(unconverted, "--python", "/no/such/python")


def test_the_worker_needs_nothing_but_the_standard_library_to_start() -> None:
    """-S: no installed package can be imported; -I: nor anything beside the file."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", worker.__file__], input=b"", capture_output=True, timeout=30, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
