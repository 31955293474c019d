"""MLflow's scoring protocol: every form of the same rows gets the same answer."""

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
        ("distance,temp,carrier\n1,2\n", "2 values"),
        ("distance,temp,carrier\nfar,2,UA\n", "'distance': the string 'far'"),
        ("distance,temp,carrier\ninf,2,UA\n", "'distance': infinity"),
        ("distance,temp,carrier\n,2,UA\n", "'distance': null"),
        ("distanse,temp,carrier\n1,2,UA\n", "'distance' is missing; not known: 'distanse'"),
        ("speed\n1\n", "no column is known; not known: 'speed'"),
        ("distance,carrier,carrier\n1,2,UA\n", "twice"),
    ],
)
def test_wrong_csv_is_told_what_is_wrong(server: Server, body: str, said: str) -> None:
    answer = server.client.post("/invocations", content=body, headers={"content-type": "text/csv"})
    assert answer.status_code == 400
    assert said in answer.json()["error"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "one of"),
        ({"instances": [], "inputs": []}, "one of"),
        ({"instances": []}, "no rows"),
        ({"instances": [[1.0, 2.0]]}, "2 values"),
        ({"dataframe_split": {"columns": COLUMNS}}, "dataframe_split"),
        ({"dataframe_records": [{"distance": 1.0}]}, "'carrier' is missing"),
        ({"inputs": {"distance": [1.0, 2.0], "carrier": ["UA"]}}, "'carrier' has 1 rows"),
        ({"inputs": 7}, "inputs"),
    ],
)
def test_a_wrong_body_is_told_what_is_wrong(server: Server, body: object, said: str) -> None:
    answer = server.client.post("/invocations", json=body)
    assert answer.status_code == 400
    assert said in answer.json()["error"]
