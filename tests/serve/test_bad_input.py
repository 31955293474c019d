"""Whatever is sent, the answer is a 4xx that says what is wrong and where; never a 5xx, never a wrong 200."""

import gzip
import json
import socket
import zlib
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.serve.bundles import INPUTS, OUTPUTS, ROW, request
from tests.serve.running import Server, serving

from headway.evidence.bundle import Signature
from headway.serve.batching.rows import Layout
from headway.serve.fault import Fault
from headway.serve.protocols import invocations, oip


def column(name: str, **changes: Any) -> bytes:
    """A good request but for one column."""
    body = request([ROW])
    for item in body["inputs"]:
        if item["name"] == name:
            item.update(changes)
    return json.dumps(body).encode()


def without(name: str) -> bytes:
    return json.dumps(request([{key: value for key, value in ROW.items() if key != name}])).encode()


def cell(name: str, value: Any) -> bytes:
    """Three rows, good but for one cell of the last."""
    return json.dumps(request([ROW, ROW, {**ROW, name: value}])).encode()


def invocation(form: str, value: object) -> bytes:
    return json.dumps({form: value}).encode()


def record(name: str, value: Any) -> bytes:
    return invocation("dataframe_records", [ROW, ROW, {**ROW, name: value}])


INFER, MLFLOW = "/v2/models/delay/infer", "/invocations"
JSON = {"content-type": "application/json"}
CSV = {"content-type": "text/csv"}
GOOD = json.dumps(request([ROW])).encode()
DEEP = b"[" * 50_000
BAD_TEXT = b'{"inputs": [{"name": "carrier", "shape": [1], "datatype": "BYTES", "data": ["\xff"]}]}'


class Wrong(NamedTuple):
    """A request with one fault: where it goes, what it is, and what the answer must say, an ellipsis for the rest."""

    path: str
    body: bytes
    said: str
    status: int = 400
    headers: Mapping[str, str] = JSON


# Section by section: what is no request; columns; cells, whose row is named too; shapes and datatypes; outputs.
WRONG: Mapping[str, Wrong] = {
    "not JSON": Wrong(INFER, b"{not json", "JSON"),
    "empty": Wrong(INFER, b"", "JSON"),
    "empty object": Wrong(INFER, b"{}", "inputs"),
    "a list": Wrong(INFER, b"[]", "inference request"),
    "no inputs": Wrong(INFER, b'{"inputs": []}', "inputs"),
    "deep nesting": Wrong(INFER, b'{"inputs": [{"data": ' + DEEP, "JSON"),
    "deep nesting that ends": Wrong(INFER, b'{"parameters": {"a": ' + DEEP[:40_000] + b"]" * 40_000 + b"}}", "JSON"),
    "not UTF-8": Wrong(INFER, b'{"id": "\xff\xfe"}', ""),
    "not UTF-8 in a cell": Wrong(INFER, BAD_TEXT, "JSON"),
    "not UTF-8 behind another fault": Wrong(INFER, b'{"inputs": [{"name": 1, "datatype": "\xff"}]}', "inputs[0].name"),
    "half a character": Wrong(INFER, cell("carrier", "UA").replace(b'"UA"', b'"\\ud800"'), "JSON"),
    "UTF-16": Wrong(INFER, GOOD.decode().encode("utf-16"), "JSON"),
    "wrong content type": Wrong(INFER, GOOD, "content type 'text/xml'", 415, {"content-type": "text/xml"}),
    "wrong charset": Wrong(INFER, GOOD, "charset 'utf-16'", 415, {"content-type": "application/json;charset=utf-16"}),
    "unknown encoding": Wrong(INFER, GOOD, "'br' is not spoken; there is gzip", 415, {"content-encoding": "br"}),
    "not gzip": Wrong(INFER, GOOD, "not gzip", 400, {"content-encoding": "gzip"}),
    "gzip cut short": Wrong(INFER, gzip.compress(GOOD)[:-9], "cut short", 400, {"content-encoding": "gzip"}),
    "a bomb": Wrong(INFER, gzip.compress(bytes(10**7)), "100000 bytes", 413, {"content-encoding": "gzip"}),
    "a column missing": Wrong(INFER, without("distance"), "'distance' is missing"),
    "a column misspelt": Wrong(
        INFER, GOOD.replace(b"distance", b"distnace"), "'distance' is missing; not known: 'distnace'"
    ),
    "unknown columns only": Wrong(
        INFER, json.dumps(request([{"speed": 1.0}])).encode(), "no column is known; not known: 'speed'"
    ),
    "a column twice": Wrong(
        INFER, json.dumps({"inputs": request([ROW])["inputs"] * 2}).encode(), "'distance' is given twice"
    ),
    "a string among numbers": Wrong(INFER, cell("distance", "far"), "column 'distance': the string 'far' … in row 2"),
    "a boolean among numbers": Wrong(
        INFER, cell("distance", value=True), "column 'distance': the boolean true … in row 2"
    ),
    "a list among numbers": Wrong(INFER, cell("distance", [1.0]), "column 'distance': a list … in row 2"),
    "an object among numbers": Wrong(INFER, cell("distance", {}), "column 'distance': an object … in row 2"),
    "a number among strings": Wrong(INFER, cell("carrier", 3), "column 'carrier': 3 … in row 2"),
    "null where none may be": Wrong(INFER, cell("distance", None), "column 'distance': null … in row 2"),
    "null among strings": Wrong(INFER, cell("carrier", None), "column 'carrier': null … in row 2"),
    "NaN literal": Wrong(INFER, cell("distance", float("nan")), "JSON"),
    "infinity": Wrong(INFER, cell("distance", 7.5).replace(b"7.5", b"1e999"), "'distance'"),
    "a huge integer": Wrong(INFER, cell("distance", 10**400), "'distance'"),
    "shape of more than there is": Wrong(INFER, column("distance", shape=[2]), "'distance': shape [2] and 1 values"),
    "shape of three": Wrong(INFER, column("distance", shape=[1, 1, 1]), "'distance': shape [1, 1, 1]"),
    "shape [n, 2]": Wrong(INFER, column("distance", shape=[1, 2]), "'distance': shape [1, 2]"),
    "negative shape": Wrong(INFER, column("distance", shape=[-1]), "'distance': shape [-1]"),
    "twice negative shape": Wrong(INFER, column("distance", shape=[-1, -1]), "'distance': shape [-1, -1]"),
    "shape beyond 64 bits": Wrong(INFER, column("distance", shape=[2**70]), "'distance'"),
    "shape whose product overflows": Wrong(INFER, column("distance", shape=[2**62, 4]), "'distance': shape"),
    "empty shape": Wrong(INFER, column("distance", shape=[]), "'distance': shape []"),
    "a shape of text": Wrong(INFER, column("distance", shape=["1"]), "'distance'"),
    "a shape of halves": Wrong(INFER, column("distance", shape=[1.5]), "'distance'"),
    "zero rows": Wrong(INFER, column("distance", shape=[0], data=[]), "'distance': shape [0] holds no rows"),
    "columns of different length": Wrong(INFER, column("temp", shape=[2], data=[1.0, 2.0]), "'temp' has 2 rows"),
    "unknown datatype": Wrong(INFER, column("distance", datatype="FP13"), "'distance': datatype 'FP13' is unknown"),
    "wrong datatype": Wrong(INFER, column("distance", datatype="BYTES"), "'distance' is float64: datatype BYTES"),
    "no datatype": Wrong(INFER, column("distance", datatype=None), "'distance'"),
    "unknown output": Wrong(
        INFER, json.dumps(request([ROW], outputs=[{"name": "odds"}])).encode(), "'odds' is unknown"
    ),
    "an output twice": Wrong(INFER, json.dumps(request([ROW], outputs=[{"name": "label"}] * 2)).encode(), "twice"),
    "MLflow: not JSON": Wrong(MLFLOW, b"{not json", "JSON"),
    "MLflow: empty": Wrong(MLFLOW, b"", "JSON"),
    "MLflow: no form": Wrong(MLFLOW, b"{}", "one of dataframe_split"),
    "MLflow: two forms": Wrong(MLFLOW, b'{"instances": [], "inputs": []}', "one of dataframe_split"),
    "MLflow: deep nesting": Wrong(MLFLOW, b'{"instances": ' + DEEP, "JSON"),
    "MLflow: deep nesting and NaN": Wrong(MLFLOW, b'{"instances": [NaN,' + DEEP, "JSON"),
    "MLflow: not UTF-8": Wrong(MLFLOW, b'{"instances": [["\xff"]]}', "JSON"),
    "MLflow: not UTF-8 and NaN": Wrong(MLFLOW, b'{"instances": [[NaN, "\xff"]]}', "JSON"),
    "MLflow: CSV that is not UTF-8": Wrong(MLFLOW, b"distance\n\xff\n", "CSV", 400, CSV),
    "MLflow: CSV with an open quote": Wrong(MLFLOW, b'distance\n"1\n', "CSV", 400, CSV),
    "MLflow: CSV with zeros": Wrong(
        MLFLOW, b"distance,carrier\n\0,UA\n", "'distance': the string … in row 0", 400, CSV
    ),
    "MLflow: wrong content type": Wrong(MLFLOW, b"", "content type 'text/xml'", 415, {"content-type": "text/xml"}),
    "MLflow: a bomb": Wrong(
        MLFLOW, zlib.compress(bytes(10**7)), "100000 bytes", 413, {**JSON, "content-encoding": "deflate"}
    ),
    "MLflow: a column missing": Wrong(MLFLOW, invocation("instances", [{"temp": 1.0}]), "'distance' is missing"),
    "MLflow: a column twice": Wrong(
        MLFLOW, invocation("dataframe_split", {"columns": ["temp", "temp"], "data": [[1, 2]]}), "twice"
    ),
    "MLflow: a string among numbers": Wrong(
        MLFLOW, record("distance", "far"), "column 'distance': the string … in row 2"
    ),
    "MLflow: a number among strings": Wrong(MLFLOW, record("carrier", 3), "column 'carrier': 3 … in row 2"),
    "MLflow: a list among numbers": Wrong(MLFLOW, record("distance", [1]), "column 'distance': a list … in row 2"),
    "MLflow: null where none may be": Wrong(MLFLOW, record("distance", None), "column 'distance': null … in row 2"),
    "MLflow: NaN where none may be": Wrong(
        MLFLOW, record("distance", float("nan")), "column 'distance': null … in row 2"
    ),
    "MLflow: infinity": Wrong(MLFLOW, record("temp", float("-inf")), "column 'temp': infinity … in row 2"),
    "MLflow: a huge integer": Wrong(MLFLOW, record("temp", 10**400), "'temp'"),
    "MLflow: a huge integer and NaN": Wrong(
        MLFLOW, b'{"instances": [{"temp": 1%b, "distance": NaN}]}' % (b"0" * 5000), "JSON"
    ),
    "MLflow: ragged rows": Wrong(
        MLFLOW,
        invocation("dataframe_split", {"columns": list(ROW), "data": [list(ROW.values()), [1.0]]}),
        "row 1 has 1 values",
    ),
    "MLflow: a row that is none": Wrong(
        MLFLOW, invocation("dataframe_records", [ROW, 7]), "dataframe_records: … in row 1"
    ),
    "MLflow: zero rows": Wrong(MLFLOW, invocation("dataframe_records", []), "no rows"),
    "MLflow: columns of different length": Wrong(
        MLFLOW, invocation("inputs", {"distance": [1.0, 2.0], "carrier": ["UA"]}), "'carrier' has 1 rows"
    ),
    "an integer with a fraction": Wrong(
        INFER, column("distance", datatype="INT32", data=[1.5]), "'distance': a value that is no INT32, in row 0"
    ),
    "an integer out of bounds": Wrong(
        INFER, column("distance", datatype="UINT8", data=[256]), "'distance': a value that is no UINT8, in row 0"
    ),
    "data of text": Wrong(INFER, column("distance", data="1"), "'distance': data is no list"),
    "no data": Wrong(INFER, column("distance", data=None), "'distance': there is no data"),
    "a very long shape": Wrong(
        INFER, column("distance", shape=[1] * 1000), "'distance': shape [1, 1, 1, 1, 1, 1, 1, 1, "
    ),
}


@pytest.fixture(scope="module", params=["onnx", "python"])
def either(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of each runtime."""
    bundle = request.getfixturevalue({"onnx": "classifier", "python": "unconverted"}[request.param])
    with serving(bundle, tmp_path_factory.mktemp(request.param), "--max-body", "100000") as running:
        yield running


@pytest.mark.parametrize("fault", WRONG)
def test_a_wrong_request_is_told_what_is_wrong(either: Server, fault: str) -> None:
    wrong = WRONG[fault]
    answer = either.client.post(wrong.path, content=wrong.body, headers=wrong.headers)
    assert answer.status_code == wrong.status, answer.text
    told = answer.json()
    assert set(told) == ({"error_code", "message"} if wrong.path == MLFLOW else {"error"})
    said = told["message"] if wrong.path == MLFLOW else told["error"]
    assert all(part in said for part in wrong.said.split(" … ")), said


def test_what_no_float32_holds_is_refused_where_the_model_counts_in_them(server: Server) -> None:
    answer = server.client.post(INFER, content=cell("distance", 1e300))
    assert answer.json()["error"].startswith("column 'distance': 1e+300 is beyond")


@pytest.mark.parametrize("path", [INFER, MLFLOW])
def test_a_content_type_that_nobody_chose_is_taken_as_json(server: Server, path: str) -> None:
    body = GOOD if path == INFER else invocation("instances", [ROW])
    answer = server.client.post(path, content=body, headers={"content-type": "application/x-www-form-urlencoded"})
    assert answer.status_code == 200, answer.text


def test_a_compressed_request_is_answered_as_the_plain_one(either: Server) -> None:
    truth = either.infer(request([ROW])).json()
    for encoding, compress in {"gzip": gzip.compress, "deflate": zlib.compress}.items():
        answer = either.client.post(INFER, content=compress(GOOD), headers={"content-encoding": encoding})
        assert answer.json() == truth


MATRIX: Mapping[str, dict[str, Any]] = {
    "a value too few": {"data": [1.0]},
    "a feature too few": {"shape": [1, 1], "data": [1.0]},
    "zero rows": {"shape": [0, 2], "data": []},
    "negative rows": {"shape": [-1, 2]},
    "unknown datatype": {"datatype": "X"},
    "ragged rows": {"shape": [2, 2], "data": [[1.0, 2.0], [3.0]]},
    "text": {"data": ["a", "b"]},
    "null": {"data": [None, 1.0]},
    "one dimension": {"shape": [2]},
    "a product that overflows": {"shape": [2**63, 2]},
    "a product that overflows to what is there": {"shape": [2**63 + 1, 2]},
    "beyond 64 bits": {"shape": [2**64, 2]},
}


@pytest.mark.parametrize("fault", MATRIX)
def test_a_wrong_matrix_is_refused(forest: Server, fault: str) -> None:
    good = {"name": "X", "shape": [1, 2], "datatype": "FP64", "data": [1.0, 2.0]}
    answer = forest.infer({"inputs": [{**good, **MATRIX[fault]}]}, "minutes")
    assert answer.status_code == 400, answer.text


def test_what_is_not_here_is_404_and_the_wrong_method_405(server: Server) -> None:
    assert server.infer(request([ROW]), "other").status_code == 404
    assert server.client.get("/nothing").status_code == 404
    wrong = server.client.get("/v2/models/delay/infer")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST, OPTIONS")
    assert server.client.post("/metrics").status_code == 405
    assert server.client.delete("/v2").status_code == 405


def test_the_head_of_what_can_be_read_and_the_methods_of_a_path_can_be_asked(server: Server) -> None:
    head, whole = server.client.head("/v2/models/delay"), server.client.get("/v2/models/delay")
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(whole.content)))
    assert server.client.options("/v2/models/delay/infer").headers["allow"] == "POST, OPTIONS"
    assert server.client.options("/metrics").headers["allow"] == "GET, HEAD, OPTIONS"
    assert server.client.options("/nothing").status_code == 404


def raw(server: Server, sent: bytes) -> bytes:
    """All that the server answers to bytes after which nothing more comes."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as sock:
        sock.sendall(sent)
        sock.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: sock.recv(65536), b""))


@pytest.mark.parametrize(
    "target", [b"http://models.example:80/v2/health/live", b"*", b"/%76%32/health/live", b"/v2/health/live/?x=1"]
)
def test_a_target_may_be_written_in_all_the_ways_of_http(server: Server, target: bytes) -> None:
    method = b"OPTIONS" if target == b"*" else b"GET"
    assert raw(server, method + b" " + target + b" HTTP/1.1\r\nHost: x\r\n\r\n").startswith(b"HTTP/1.1 200 OK")


def test_pipelined_requests_good_and_bad_are_answered_in_their_order(server: Server) -> None:
    bodies = [json.dumps(request([ROW], id=str(n))).encode() if n % 3 else b"{%d" % n for n in range(60)]
    head = b"POST /v2/models/delay/infer HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b"
    told = raw(server, b"".join(head % (len(body), body) for body in bodies))
    answers = [part.partition(b"\r\n\r\n") for part in told.split(b"HTTP/1.1 ")[1:]]
    assert [int(status[:3]) for status, _, _ in answers] == [200 if n % 3 else 400 for n in range(60)]
    assert [json.loads(body)["id"] for *_, body in answers if b'"id"' in body] == [str(n) for n in range(60) if n % 3]


@pytest.mark.parametrize("path", [INFER, MLFLOW])
def test_sixty_four_mebibytes_of_padding_are_refused_at_once(server: Server, path: str) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as sock:
        sock.sendall(b"POST %b HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (path.encode(), 64 * 2**20))
        sock.sendall(b" " * 65536)
        answer = sock.recv(65536)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert (b'"error_code"' in answer) == (path == MLFLOW)


def test_a_body_over_the_limit_is_413_announced_or_not(server: Server) -> None:
    big = b" " * 200_000
    assert server.client.post("/v2/models/delay/infer", content=big).status_code == 413
    chunks = iter([big[:60_000], big[:60_000]])
    assert server.client.post("/v2/models/delay/infer", content=chunks).status_code == 413


def test_bad_requests_leave_the_server_answering(server: Server) -> None:
    assert server.infer(request([ROW])).status_code == 200
    assert httpx.get(f"http://127.0.0.1:{server.port}/v2/health/ready").status_code == 200


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
inputs = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(["distance", "temp", "carrier", "x"]) | anything,
        "shape": st.lists(st.integers(-2, 3), max_size=3) | anything,
        "datatype": st.sampled_from(["FP64", "BYTES", "INT64", "BOOL", "?"]) | anything,
        "data": st.lists(st.floats() | st.text(max_size=3) | st.none() | st.booleans(), max_size=4) | anything,
    },
)
LAYOUT = Layout(Signature(inputs=INPUTS, outputs=OUTPUTS), 3e38)


@settings(max_examples=300, deadline=None)
@given(st.fixed_dictionaries({"inputs": st.lists(inputs, max_size=4)}) | anything)
def test_no_request_at_all_raises_anything_but_a_fault(body: object) -> None:
    for parse in (lambda raw: oip.parse(raw, LAYOUT, ("label",)).rows, lambda raw: invocations.parse(raw, LAYOUT).rows):
        try:
            rows = parse(json.dumps(body).encode())
        except Fault as fault:
            assert 400 <= fault.status < 500  # noqa: PT017 - either outcome is right
        else:
            assert len(rows.numbers) == rows.count * 2 * 8
            assert all(len(texts) == rows.count for texts in rows.texts)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(["dataframe_split", "dataframe_records", "instances", "inputs"]),
    anything | st.lists(st.dictionaries(st.sampled_from(["distance", "temp", "carrier"]), anything, max_size=3)),
)
def test_no_invocation_at_all_raises_anything_but_a_fault(form: str, value: object) -> None:
    try:
        rows = invocations.parse(json.dumps({form: value}).encode(), LAYOUT).rows
    except Fault as fault:
        assert fault.status == 400  # noqa: PT017 - either outcome is right
    else:
        assert rows.count > 0
