"""Labels that come for predictions, over HTTP."""

import re
from typing import Any

import httpx
import pytest
from tests.serve.bundles import ROW, request
from tests.serve.running import Server


def label(server: Server, *items: dict[str, Any]) -> httpx.Response:
    return server.client.post("/v2/models/delay/feedback", json={"feedback": list(items)})


def counted(server: Server) -> dict[str, int]:
    lines = re.findall(r'ml_feedback_labels_total\{.*outcome="(\w+)"\} (\d+)', server.client.get("/metrics").text)
    return {name: int(value) for name, value in lines}


def test_labels_are_judged_one_by_one_and_counted(server: Server) -> None:
    before = counted(server)
    server.infer(request([ROW, ROW], id="flight 7"))
    answer = label(
        server,
        {"id": "flight 7", "row": 0, "label": 1},
        {"id": "flight 7", "row": 1, "label": 0},
        {"id": "flight 7", "row": 1, "label": 0},
        {"id": "flight 7", "row": 1, "label": 1},
        {"id": "flight 7", "row": 2, "label": 1},
        {"id": "long ago", "label": 1},
    )
    assert answer.status_code == 200
    assert answer.json() == {
        "outcomes": ["accepted", "accepted", "duplicate", "conflict", "no_row", "unknown"],
        "counts": {"accepted": 2, "duplicate": 1, "unknown": 1, "conflict": 1, "no_row": 1},
        "recorded": 0,
    }
    after = counted(server)
    assert {name: after[name] - before[name] for name in after} == answer.json()["counts"]


def test_a_request_without_an_id_is_given_one(server: Server) -> None:
    answers = [server.infer(request([ROW])), server.client.post("/invocations", json={"instances": [ROW]})]
    names = [answer.headers["headway-prediction-id"] for answer in answers]
    assert len(set(names)) == 2
    assert label(server, *({"id": name, "label": 1} for name in names)).json()["counts"]["accepted"] == 2
    assert "headway-prediction-id" not in server.infer(request([ROW], id="mine")).headers


def test_what_was_refused_has_no_id(server: Server) -> None:
    refused = server.infer(request([{**ROW, "distance": None}]))
    assert refused.status_code == 400
    assert "headway-prediction-id" not in refused.headers


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("{", "JSON"),
        ("[]", "no feedback"),
        ('{"feedback": []}', "length >= 1"),
        ('{"feedback": [{"label": 1}]}', "`id`"),
        ('{"feedback": [{"id": "", "label": 1}]}', "$.feedback[0].id"),
        ('{"feedback": [{"id": "a", "label": 1}, {"id": "a"}]}', "$.feedback[1]"),
        ('{"feedback": [{"id": "a", "label": 1, "row": -1}]}', "$.feedback[0].row"),
        ('{"feedback": [{"id": "a", "label": [1]}]}', "$.feedback[0].label"),
        ('{"feedback": [{"id": "a", "label": 1}, {"id": "a", "label": "late"}]}', "feedback 1: label 'late'"),
        ('{"feedback": [{"id": "a", "label": true}]}', "feedback 0: label True, expected int"),
    ],
)
def test_wrong_feedback_is_told_what_is_wrong_and_none_of_it_counts(server: Server, body: str, said: str) -> None:
    before = counted(server)
    answer = server.client.post("/v2/models/delay/feedback", content=body)
    assert answer.status_code == 400
    assert said in answer.json()["error"]
    assert counted(server) == before


def test_labels_of_numbers_are_numbers(forest: Server) -> None:
    for value, status in ((17.5, 200), (17, 200), ("17", 400), (True, 400), (10**400, 400)):
        answer = forest.client.post(
            "/v2/models/minutes/feedback", json={"feedback": [{"id": f"{value!r:.9}", "label": value}]}
        )
        assert answer.status_code == status, answer.text


def test_feedback_is_no_prediction(server: Server) -> None:
    def predictions() -> list[str]:
        return re.findall(r"ml_prediction_requests_total\{.*\} \d+", server.client.get("/metrics").text)

    before = predictions()
    label(server, {"id": "x", "label": 1})
    assert predictions() == before
