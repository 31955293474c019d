"""MLflow's scoring protocol: every form of the same rows gets the same answer."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.serve.bundles import ROW, request
from tests.serve.running import Server

ROWS = [ROW, {"distance": 100.0, "temp": None, "carrier": "WN"}]
COLUMNS = list(ROW)
FORMS = {
    "dataframe_split": {"columns": COLUMNS, "data": [[row[name] for name in COLUMNS] for row in ROWS]},
    "dataframe_records": ROWS,
    "instances": ROWS,
    "inputs": {name: [row[name] for row in ROWS] for name in COLUMNS},
}


@pytest.fixture
def expected(server: Server) -> list[int]:
    labels: list[int] = server.infer(request(ROWS)).json()["outputs"][0]["data"]
    return labels


@pytest.mark.parametrize("form", FORMS)
def test_each_form_is_answered_as_the_inference_protocol_is(server: Server, form: str, expected: list[int]) -> None:
    answer = server.client.post("/invocations", json={form: FORMS[form]})
    assert answer.status_code == 200, answer.text
    assert answer.json()["predictions"] == expected
    assert [round(sum(row), 5) for row in answer.json()["probabilities"]] == [1, 1]


def test_csv_is_read_with_its_header(server: Server, expected: list[int]) -> None:
    body = "carrier,distance,temp\nUA,1400.0,40.0\nWN,100,\n"
    answer = server.client.post("/invocations", content=body, headers={"content-type": "text/csv; charset=utf-8"})
    assert answer.json()["predictions"] == expected


@pytest.mark.parametrize(
    "body",
    [
        {"dataframe_split": {"columns": ["note", *COLUMNS], "data": [["x", 1400.0, 40.0, "UA"]]}},
        {"dataframe_records": [{"distance": 1400.0, "temp": 40.0, "carrier": "UA", "note": {"a": [1]}}]},
        {"inputs": {"distance": [1400.0], "temp": [40.0], "carrier": ["UA"], "note": [1, 2, 3]}},
        {"instances": [{"distance": 1400.0, "carrier": "UA", "note": 1}]},
    ],
)
def test_columns_that_the_model_does_not_take_are_ignored_and_told(server: Server, body: object) -> None:
    answer = server.client.post("/invocations", json=body)
    assert answer.status_code == 200, answer.text
    assert answer.headers["headway-ignored"] == "note"


def test_a_csv_of_more_columns_than_the_model_takes_is_predicted(server: Server, expected: list[int]) -> None:
    body = "note,carrier,distance,temp\nx,UA,1400.0,40.0\n,WN,100,\n"
    answer = server.client.post("/invocations", content=body, headers={"content-type": "text/csv"})
    assert (answer.json()["predictions"], answer.headers["headway-ignored"]) == (expected, "note")


def test_many_strange_names_cost_no_more_than_their_bytes(server: Server) -> None:
    records = [{"distance": 1.0, "carrier": "UA", f"n{number}": 1} for number in range(1500)]
    answer = server.client.post("/invocations", json={"dataframe_records": records})
    assert answer.status_code == 200, answer.text
    assert len(answer.headers["headway-ignored"].split(",")) == 20


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("", "empty"),
        ("distance,temp,carrier\n", "no rows"),
        ("distance,temp,carrier\n1,2\n", "row 0 has 2 values"),
        ("distance,temp,carrier\nfar,2,UA\n", "'distance': the string 'far' … in row 0"),
        ("distance,temp,carrier\ninf,2,UA\n", "'distance': infinity … in row 0"),
        ("distance,temp,carrier\n,2,UA\n", "'distance': null … in row 0"),
        ("distanse,temp,carrier\n1,2,UA\n", "'distance' is missing; not known: 'distanse'"),
        ("speed\n1\n", "no column is known; not known: 'speed'"),
        ("distance,carrier,carrier\n1,2,UA\n", "twice"),
    ],
)
def test_wrong_csv_is_told_what_is_wrong(server: Server, body: str, said: str) -> None:
    answer = server.client.post("/invocations", content=body, headers={"content-type": "text/csv"})
    assert answer.status_code == 400
    assert all(part in answer.json()["message"] for part in said.split(" … "))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "one of"),
        ({"instances": [], "inputs": []}, "one of"),
        ({"instances": []}, "no rows"),
        ({"instances": [[1.0, 2.0]]}, "row 0 has 2 values"),
        ({"dataframe_split": {"columns": COLUMNS}}, "dataframe_split"),
        ({"dataframe_records": [{"distance": 1.0}]}, "'carrier' is missing"),
        ({"inputs": {"distance": [1.0, 2.0], "carrier": ["UA"]}}, "'carrier' has 1 rows"),
        ({"instances": [{"distance": 1.0, "carrier": "UA"}, {"carrier": "UA"}]}, "'distance': null … in row 1"),
        ({"instances": [[1.0, 2.0, "UA"], 3]}, "instances: Expected `array`, got `int`, in row 1"),
        ({"dataframe_records": [{"carrier": "UA"}, 3]}, "dataframe_records: Expected `object`, got `int`, in row 1"),
        ({"dataframe_split": {"columns": COLUMNS, "data": [[1.0, 2.0, "UA"], 4]}}, "dataframe_split: … in row 1"),
        ({"inputs": 7}, "inputs"),
    ],
)
def test_a_wrong_body_is_told_what_is_wrong(server: Server, body: object, said: str) -> None:
    answer = server.client.post("/invocations", json=body)
    assert answer.status_code == 400
    assert all(part in answer.json()["message"] for part in said.split(" … "))


@pytest.mark.parametrize("literal", ["NaN", "[NaN]", "Infinity", "-Infinity"])
def test_numbers_that_are_none_are_named_where_they_stand(server: Server, literal: str) -> None:
    body = json.dumps({"inputs": {"distance": [1.0, 0], "carrier": ["UA", "UA"]}}).replace(" 0]", f" {literal}]")
    answer = server.client.post("/invocations", content=body)
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("column 'distance': ")
    assert answer.json()["message"].endswith(", in row 1")


def test_a_charset_is_understood_or_refused(server: Server) -> None:
    body = json.dumps({"instances": ROWS})
    for kind, status in {"application/json; charset=UTF-8": 200, "application/json;charset=latin-1": 415}.items():
        answer = server.client.post("/invocations", content=body, headers={"content-type": kind})
        assert answer.status_code == status, answer.text


# What MLflow's own server answered to its own client; make.py beside it asked.
MLFLOW: Mapping[str, Mapping[str, Any]] = {
    f"{case['model']}: {case['name']}": case
    for case in json.loads((Path(__file__).parent / "mlflow" / "cases.json").read_text())["cases"]
}
# Where we answer otherwise, and why.
OTHERWISE = {
    "classifier: a column that may be left out": (200, "MLflow passes the rows on without it, and the model fails"),
    "classifier: a number among texts": (400, "MLflow turns 7 into '7', a carrier that nobody meant"),
    "classifier: null where none may be": (400, "a signature of MLflow cannot say so, ours does"),
    "regressor: an array": (200, "rows without names are in the signature's order"),
    "regressor: a list of rows": (200, "as above"),
    "regressor: rows in text": (200, "as above"),
}


@pytest.mark.parametrize("name", MLFLOW)
def test_what_mlflows_client_sends_is_answered_as_its_server_answers(server: Server, forest: Server, name: str) -> None:
    case = MLFLOW[name]
    asked = server if case["model"] == "classifier" else forest
    headers = {"content-type": case["content_type"]}
    answer = asked.client.post("/invocations", content=case["body"].encode(), headers=headers)
    if name in OTHERWISE:
        assert case["status"] != answer.status_code == OTHERWISE[name][0], answer.text
    else:
        assert answer.status_code == case["status"], answer.text
    if answer.status_code != 200:
        assert {"error_code", "message"} == set(answer.json())
    elif case["status"] == 200:
        # As `PredictionsResponse.get_predictions("ndarray")` reads both; ONNX counts in float32.
        ours, theirs = (np.array(told["predictions"]) for told in (answer.json(), json.loads(case["answer"])))
        np.testing.assert_allclose(ours, theirs, rtol=1e-5)
        assert ours.dtype == theirs.dtype
