"""The Open Inference Protocol, asked of a running server, against scikit-learn's own answers."""

import numpy as np
import pytest
from tests.serve.bundles import ROW, flights, pipeline, request
from tests.serve.running import Server


def test_probabilities_and_labels_are_those_of_the_model_that_was_converted(server: Server) -> None:
    rows = flights()[["distance", "temp", "carrier"]].head(40)
    sent = [
        {key: None if isinstance(value, float) and np.isnan(value) else value for key, value in row.items()}
        for row in rows.to_dict("records")
    ]
    answer = server.infer(request(sent)).json()
    labels, probabilities = answer["outputs"]
    truth = pipeline().predict_proba(rows)
    assert labels["data"] == truth.argmax(axis=1).tolist()
    assert probabilities["shape"] == [40, 2]
    np.testing.assert_allclose(np.reshape(probabilities["data"], (40, 2)), truth, atol=1e-5)


def test_an_answer_names_model_version_and_types_and_echoes_id_and_parameters(server: Server) -> None:
    answer = server.infer(request([ROW], id="42", parameters={"trace": "a"})).json()
    assert (answer["model_name"], answer["model_version"]) == ("delay", "1.2.3")
    assert (answer["id"], answer["parameters"]) == ("42", {"trace": "a"})
    assert [(o["name"], o["shape"], o["datatype"]) for o in answer["outputs"]] == [
        ("label", [1], "INT64"),
        ("probabilities", [1, 2], "FP64"),
    ]


def test_only_the_outputs_asked_for_come_back_in_their_order(server: Server) -> None:
    asked = request([ROW], outputs=[{"name": "probabilities"}, {"name": "label"}])
    assert [o["name"] for o in server.infer(asked).json()["outputs"]] == ["probabilities", "label"]
    asked = request([ROW], outputs=[{"name": "label"}])
    assert [o["name"] for o in server.infer(asked).json()["outputs"]] == ["label"]


def test_a_version_in_the_path_and_a_query_are_understood(server: Server) -> None:
    assert server.client.post("/v2/models/delay/versions/1.2.3/infer?a=b", json=request([ROW])).status_code == 200
    assert server.client.post("/v2/models/delay/versions/9.9.9/infer", json=request([ROW])).status_code == 404


def test_a_column_that_may_be_missing_may_be_left_out(server: Server) -> None:
    left_out = server.infer(request([{"distance": 1400.0, "carrier": "UA"}])).json()["outputs"]
    assert left_out == server.infer(request([{**ROW, "temp": None}])).json()["outputs"]


def test_a_column_that_the_model_does_not_take_is_ignored_and_told(server: Server) -> None:
    odd = {**ROW, "wind": "strong", "x\r\nEvil: 1": None}
    body = request([ROW])
    body["inputs"] += [{"name": n, "shape": [7], "datatype": "?", "data": [v]} for n, v in odd.items() if n not in ROW]
    answer = server.infer(body)
    assert answer.json()["outputs"] == server.infer(request([ROW])).json()["outputs"]
    assert answer.headers["headway-ignored"] == "wind,x%0D%0AEvil%3A%201"
    assert "evil" not in answer.headers
    assert "headway-ignored" not in server.infer(request([ROW])).headers


def test_columns_are_known_by_name_not_by_place(server: Server) -> None:
    turned = {name: ROW[name] for name in reversed(ROW)}
    assert server.infer(request([turned])).json()["outputs"] == server.infer(request([ROW])).json()["outputs"]


def test_a_category_that_was_never_seen_is_answered(server: Server) -> None:
    assert server.infer(request([{**ROW, "carrier": "ZZ"}])).status_code == 200


def test_a_matrix_may_be_flat_or_nested_and_agrees_with_columns(forest: Server) -> None:
    flat = {"name": "input-0", "shape": [2, 2], "datatype": "FP32", "data": [1000.0, 3.0, 200.0, 4.0]}
    nested = {**flat, "data": [[1000.0, 3.0], [200.0, 4.0]]}
    columns = [
        {"name": "temp", "shape": [2, 1], "datatype": "FP64", "data": [[3.0], [4.0]]},
        {"name": "distance", "shape": [2], "datatype": "INT64", "data": [1000, 200]},
    ]
    answers = [forest.infer({"inputs": inputs}, "minutes").json() for inputs in ([flat], [nested], columns)]
    assert answers[0]["outputs"][0]["shape"] == [2]
    assert answers[0] == answers[1] == answers[2]


def test_metadata_comes_from_the_signature(server: Server) -> None:
    told = server.client.get("/v2/models/delay").json()
    assert told["versions"] == ["1.2.3"]
    assert told["inputs"] == [
        {"name": "distance", "datatype": "FP64", "shape": [-1]},
        {"name": "temp", "datatype": "FP64", "shape": [-1], "parameters": {"nullable": True}},
        {"name": "carrier", "datatype": "BYTES", "shape": [-1], "parameters": {"categories": ["AA", "UA", "WN"]}},
    ]
    assert told["outputs"] == [
        {"name": "label", "datatype": "INT64", "shape": [-1]},
        {"name": "probabilities", "datatype": "FP64", "shape": [-1, 2], "parameters": {"classes": [0, 1]}},
    ]
    assert server.client.get("/v2").json()["name"] == "headway"


@pytest.mark.parametrize("path", ["/v2/health/live", "/v2/health/ready", "/v2/models/delay/ready"])
def test_a_loaded_server_is_live_and_ready(server: Server, path: str) -> None:
    assert server.client.get(path).status_code == 200


def test_the_ready_file_says_which_process_serves_which_bytes(server: Server) -> None:
    assert server.said["pid"] == server.process.pid
    assert server.said["nonce"] == "n1"
    assert server.said["digest"] == server.client.get("/v2/models/delay").json()["parameters"]["digest"]


def test_answers_name_the_version_that_gave_them(server: Server) -> None:
    assert server.infer(request([ROW])).headers["headway-version"] == "1.2.3"
