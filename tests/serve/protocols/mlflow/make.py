"""Asks MLflow's own scoring server what its own client asks, and keeps both as cases.json beside this file.

Run in an environment of its own, from the root of the repository:

    pip install mlflow skl2onnx pandas msgspec cryptography
    PYTHONPATH=src:. python tests/serve/protocols/mlflow/make.py
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import requests
from mlflow.models import ModelSignature
from mlflow.pyfunc.scoring_server import client
from mlflow.types.schema import ColSpec, Schema
from tests.serve.bundles import flights, forest, pipeline

HERE = Path(__file__).parent
PORT = 5987
CASES = "application/json"

ROWS = [
    {"distance": 1400.0, "temp": 40.0, "carrier": "UA"},
    {"distance": 100.0, "temp": 55.5, "carrier": "WN"},
    {"distance": 2900.0, "temp": -3.0, "carrier": "AA"},
]
FRAME = pd.DataFrame(ROWS)
NUMBERS = FRAME[["distance", "temp"]]

# By model and name: what somebody hands to `ScoringServerClient.invoke`, and its `params`.
INVOKED: dict[str, dict[str, tuple[Any, dict[str, Any] | None]]] = {
    "classifier": {
        "a frame": (FRAME, None),
        "one row": (FRAME.head(1), None),
        "a frame with an index of its own": (FRAME.set_index(pd.Index(["a", "b", "c"])), None),
        "columns in another order": (FRAME[["carrier", "temp", "distance"]], None),
        "a column that the model does not take": (FRAME.assign(note="x"), None),
        "a missing number": (FRAME.assign(temp=[np.nan, 1.0, np.nan]), None),
        "a column that may be left out": (FRAME[["distance", "carrier"]], None),
        "params": (FRAME, {"threshold": 0.5}),
        "many rows": (flights()[["distance", "temp", "carrier"]].head(50), None),
        "a list of records": (ROWS, None),
        "records in text": (json.dumps({"dataframe_records": ROWS}), None),
        "instances in text": (json.dumps({"instances": ROWS}), None),
        "columns in text": (json.dumps({"inputs": FRAME.to_dict(orient="list")}), None),
    },
    "regressor": {
        "a frame": (NUMBERS, None),
        "columns in another order": (NUMBERS[["temp", "distance"]], None),
        "an array": (NUMBERS.to_numpy(), None),
        "a list of rows": (NUMBERS.to_numpy().tolist(), None),
        "rows in text": (json.dumps({"instances": NUMBERS.to_numpy().tolist()}), None),
        "columns in text": (json.dumps({"inputs": NUMBERS.to_dict(orient="list")}), None),
        "whole numbers in text": (json.dumps({"dataframe_records": [{"distance": 1400, "temp": 40}]}), None),
    },
}

# What a client by hand sends to the classifier: content type and body.
POSTED: dict[str, tuple[str, str]] = {
    "CSV": ("text/csv", FRAME.to_csv(index=False)),
    "CSV with a charset": ("text/csv; charset=utf-8", FRAME.to_csv(index=False)),
    "CSV in another order with a cell left empty": ("text/csv", "carrier,distance,temp\nUA,1400.0,\n"),
    "JSON with a charset": ("application/json; charset=utf-8", json.dumps({"dataframe_records": ROWS})),
    "another charset": ("application/json; charset=latin-1", json.dumps({"dataframe_records": ROWS})),
    "another content type": ("text/html", "<html>"),
    "not JSON": (CASES, "{"),
    "a list": (CASES, json.dumps(ROWS)),
    "an object without a form": (CASES, "{}"),
    "two forms": (CASES, json.dumps({"instances": ROWS, "inputs": ROWS})),
    "a column left out": (CASES, json.dumps({"dataframe_records": [{"temp": 1.0, "carrier": "AA"}]})),
    "a text among numbers": (CASES, json.dumps({"dataframe_records": [{**ROWS[0], "distance": "far"}]})),
    "a number among texts": (CASES, json.dumps({"dataframe_records": [{**ROWS[0], "carrier": 7}]})),
    "no rows": (CASES, json.dumps({"dataframe_split": {"columns": list(ROWS[0]), "data": []}})),
    "a row too short": (CASES, json.dumps({"dataframe_split": {"columns": list(ROWS[0]), "data": [[1.0]]}})),
    "records that are none": (CASES, json.dumps({"dataframe_records": 7})),
    "split that is none": (CASES, json.dumps({"dataframe_split": [1]})),
    "null where none may be": (CASES, json.dumps({"dataframe_records": [{**ROWS[0], "distance": None}]})),
}


def signature(columns: dict[str, tuple[str, bool]]) -> ModelSignature:
    """Inputs by name: type, and whether a request must have them."""
    return ModelSignature(Schema([ColSpec(kind, name, required=must) for name, (kind, must) in columns.items()]))


MODELS: dict[str, tuple[Callable[[], Any], ModelSignature]] = {
    "classifier": (
        pipeline,
        signature({"distance": ("double", True), "temp": ("double", False), "carrier": ("string", True)}),
    ),
    "regressor": (forest, signature({"distance": ("double", True), "temp": ("double", True)})),
}


@contextmanager
def scoring(folder: Path) -> Iterator[client.ScoringServerClient]:
    """MLflow's server on a model, and MLflow's client for it."""
    command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", str(folder), "-p", str(PORT)]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # it starts uvicorn by name
    process = subprocess.Popen([*command, "--env-manager", "local"], env={**os.environ, "PATH": path})
    try:
        asked = client.ScoringServerClient("127.0.0.1", PORT)
        asked.wait_server_ready(timeout=120, scoring_server_proc=process)
        yield asked
    finally:
        process.terminate()
        process.wait()


def invoked(asked: client.ScoringServerClient, data: Any, params: dict[str, Any] | None) -> requests.Response:
    """What the client's `invoke` sends, and the answer to it."""
    answers: list[requests.Response] = []
    send = requests.post

    def post(*given: Any, **named: Any) -> requests.Response:
        answers.append(send(*given, **named))
        return answers[-1]

    client.requests.post = post
    try:
        asked.invoke(data, params)
    except Exception as error:  # noqa: BLE001 - the client raises a bare Exception for any status but 200
        sys.stderr.write(f"{error}\n")
    finally:
        client.requests.post = send
    return answers[0]


def case(model: str, name: str, answer: requests.Response) -> dict[str, Any]:
    """A request with its answer; of a refusal only what a program could read, for its message holds tracebacks."""
    asked = answer.request
    body = asked.body.decode() if isinstance(asked.body, bytes) else asked.body
    told = {"model": model, "name": name, "content_type": asked.headers["Content-Type"], "body": body}
    refused = answer.headers["Content-Type"].startswith("application/json") and answer.status_code != 200
    said = json.loads(answer.text)["error_code"] if refused else answer.text
    return {**told, "status": answer.status_code, "error_code" if refused else "answer": said}


def main() -> None:
    """Write cases.json."""
    cases: list[dict[str, Any]] = []
    for model, (make, taken) in MODELS.items():
        with tempfile.TemporaryDirectory() as place:
            mlflow.sklearn.save_model(make(), f"{place}/model", signature=taken, serialization_format="cloudpickle")
            with scoring(Path(place) / "model") as asked:
                cases += [case(model, name, invoked(asked, *what)) for name, what in INVOKED[model].items()]
                if model == "classifier":
                    for name, (kind, body) in POSTED.items():
                        sent = requests.post(
                            f"{asked.url_prefix}/invocations", data=body, headers={"Content-Type": kind}, timeout=60
                        )
                        cases.append(case(model, name, sent))
    versions = {name: version(name) for name in ("mlflow", "scikit-learn", "pandas", "numpy")}
    (HERE / "cases.json").write_text(json.dumps({"made_with": versions, "cases": cases}, indent=1) + "\n")


if __name__ == "__main__":
    main()
