"""Whatever is sent, the answer is a 4xx that says what is wrong and where; never a 5xx, never a wrong 200."""

import json
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.serve.bundles import INPUTS, OUTPUTS, ROW, request
from tests.serve.running import Server

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


WRONG: Mapping[str, tuple[bytes, str]] = {
    "not JSON": (b"{not json", "JSON"),
    "empty": (b"", "JSON"),
    "empty object": (b"{}", "inputs"),
    "a list": (b"[]", "inference request"),
    "no inputs": (b'{"inputs": []}', "inputs"),
    "deep nesting": (b'{"inputs": [{"data": ' + b"[" * 50_000, "JSON"),
    "not UTF-8": (b'{"id": "\xff\xfe"}', ""),
    "no name, and one that is not UTF-8": (b'{"inputs": [{}, {"name": "\x80"}]}', "no inference request"),
    "a column missing": (without("distance"), "'distance' is missing"),
    "a column misspelt": (
        column("distance").replace(b"distance", b"distnace"),
        "'distance' is missing; not known: 'distnace'",
    ),
    "unknown columns only": (json.dumps(request([{"speed": 1.0}])).encode(), "no column is known; not known: 'speed'"),
    "a column twice": (json.dumps({"inputs": request([ROW])["inputs"] * 2}).encode(), "'distance' is given twice"),
    "a string among numbers": (column("distance", data=["far"]), "'distance': the string 'far'"),
    "a boolean among numbers": (column("distance", data=[True]), "'distance': the boolean true"),
    "a list among numbers": (column("distance", data=[[1.0]]), "'distance': a list"),
    "an object among numbers": (column("distance", data=[{}]), "'distance': an object"),
    "a number among strings": (column("carrier", data=[3]), "'carrier': 3"),
    "null where none may be": (column("distance", data=[None]), "'distance': null"),
    "null among strings": (column("carrier", data=[None]), "'carrier': null"),
    "NaN literal": (column("distance", data=[float("nan")]), "JSON"),
    "infinity": (column("distance").replace(b"1400.0", b"1e999"), "'distance'"),
    "beyond float32": (column("distance", data=[1e300]), "'distance': 1e+300 is beyond"),
    "a huge integer": (column("distance", data=[10**400]), "'distance'"),
    "shape of more than there is": (column("distance", shape=[2]), "'distance': shape [2] and 1 values"),
    "shape of three": (column("distance", shape=[1, 1, 1]), "'distance': shape [1, 1, 1]"),
    "shape [n, 2]": (column("distance", shape=[1, 2]), "'distance': shape [1, 2]"),
    "negative shape": (column("distance", shape=[-1]), "'distance': shape [-1]"),
    "empty shape": (column("distance", shape=[]), "'distance': shape []"),
    "a shape of text": (column("distance", shape=["1"]), "'distance'"),
    "zero rows": (column("distance", shape=[0], data=[]), "'distance': shape [0] holds no rows"),
    "columns of different length": (column("temp", shape=[2], data=[1.0, 2.0]), "'temp' has 2 rows"),
    "unknown datatype": (column("distance", datatype="FP13"), "'distance': datatype 'FP13' is unknown"),
    "wrong datatype": (column("distance", datatype="BYTES"), "'distance' is float64: datatype BYTES"),
    "an integer with a fraction": (
        column("distance", datatype="INT32", data=[1.5]),
        "'distance': a value that is no INT32",
    ),
    "an integer out of bounds": (
        column("distance", datatype="UINT8", data=[256]),
        "'distance': a value that is no UINT8",
    ),
    "data of text": (column("distance", data="1"), "'distance': data is no list"),
    "no data": (column("distance", data=None), "'distance': there is no data"),
    "a shape that overflows": (column("distance", shape=[2**62, 2**62]), "'distance': shape [4611686018427387904, "),
    "a very long shape": (column("distance", shape=[1] * 1000), "'distance': shape [1, 1, 1, 1, 1, 1, 1, 1, …]"),
    "a wrong value far down": (
        json.dumps(request([ROW, ROW, {**ROW, "distance": "x"}])).encode(),
        "'distance': the string 'x' where a number is expected, in row 2",
    ),
    "no datatype": (column("distance", datatype=None), "'distance'"),
    "unknown output": (json.dumps(request([ROW], outputs=[{"name": "odds"}])).encode(), "'odds' is unknown"),
    "an output twice": (json.dumps(request([ROW], outputs=[{"name": "label"}] * 2)).encode(), "twice"),
}


@pytest.mark.parametrize("fault", WRONG)
def test_a_wrong_request_is_told_what_is_wrong(server: Server, fault: str) -> None:
    body, said = WRONG[fault]
    answer = server.client.post("/v2/models/delay/infer", content=body)
    assert answer.status_code == 400, answer.text
    assert said in answer.json()["error"]


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
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST")
    assert server.client.post("/metrics").status_code == 405
    assert server.client.delete("/v2").status_code == 405


def test_what_cannot_be_read_is_415(server: Server) -> None:
    answer = server.client.post("/v2/models/delay/infer", json=request([ROW]), headers={"content-encoding": "gzip"})
    assert answer.status_code == 415
    answer = server.client.post("/invocations", content=b"<a/>", headers={"content-type": "text/xml"})
    assert answer.status_code == 415


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
