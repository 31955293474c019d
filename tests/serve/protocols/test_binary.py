"""Binary tensors over REST: what follows the JSON of a body, read, written, mixed with JSON, and wrong in every way."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.serve.batching.test_batch import LAYOUT
from tests.serve.bundles import ROW, classifier_manifest, request
from tests.serve.running import Server

from headway.serve.batching.answers import Answers
from headway.serve.fault import Fault
from headway.serve.protocols import oip
from headway.serve.protocols.tensors import DATATYPES, encode

Tensor = Mapping[str, Any]


def framed(inputs: Sequence[tuple[Tensor, bytes | None]], **more: Any) -> tuple[bytes, bytes]:
    """A body with the bytes of each input after its JSON, and the header that says where they begin."""
    told = [
        {**item, "parameters": {"binary_data_size": len(raw), **item.get("parameters", {})}}
        if raw is not None
        else item
        for item, raw in inputs
    ]
    head = json.dumps({"inputs": told, **more}).encode()
    return head + b"".join(raw or b"" for _, raw in inputs), str(len(head)).encode()


def tensor(name: str, datatype: str, count: int, **more: Any) -> Tensor:
    return {"name": name, "shape": [count], "datatype": datatype, **more}


X = (tensor("x", "FP32", 2), encode("FP32", [1.5, 2.5]))
NAME = (tensor("name", "BYTES", 2), encode("BYTES", ["é", ""]))
N = (tensor("n", "UINT8", 2), encode("UINT8", [3, 4]))
B = (tensor("b", "BOOL", 2), encode("BOOL", [True, False]))
GOOD = [X, NAME, N, B]
OUTPUTS = ("prediction", "label")
MANIFEST = classifier_manifest()


def parse(body: bytes, head: bytes) -> oip.Asked:
    return oip.parse(body, LAYOUT, OUTPUTS, head)


def told(inputs: Sequence[tuple[Tensor, bytes | None]], **more: Any) -> str:
    """What the fault says of a request."""
    with pytest.raises(Fault) as caught:
        parse(*framed(inputs, **more))
    assert caught.value.status == 400
    return caught.value.message


def test_binary_tensors_are_the_rows_that_json_would_have_been() -> None:
    asked = parse(*framed(GOOD))
    plain = {
        "inputs": [
            tensor("x", "FP32", 2, data=[1.5, 2.5]),
            tensor("name", "BYTES", 2, data=["é", ""]),
            tensor("n", "UINT8", 2, data=[3, 4]),
            tensor("b", "BOOL", 2, data=[True, False]),
        ]
    }
    same = oip.parse(json.dumps(plain).encode(), LAYOUT, OUTPUTS)
    assert asked.rows.numbers == same.rows.numbers
    assert asked.rows.texts == same.rows.texts
    mixed = parse(*framed([X, (plain["inputs"][1], None), N, (plain["inputs"][3], None)]))
    assert (mixed.rows.numbers, mixed.rows.texts) == (same.rows.numbers, same.rows.texts)


def test_the_bytes_of_columns_that_are_not_taken_are_passed_over() -> None:
    asked = parse(*framed([(tensor("wind", "FP13", 7), b"???"), *GOOD]))
    assert asked.ignored == ["wind"]
    assert asked.rows.numbers == parse(*framed(GOOD)).rows.numbers


WRONG: Mapping[str, tuple[Sequence[tuple[Tensor, bytes | None]], str]] = {
    "a byte too few": ([(X[0], X[1][:-1]), NAME, N, B], "input 'x': 7 bytes, and its shape asks for 2 values of 4"),
    "a shape that overflows": ([({**X[0], "shape": [2**62]}, X[1])], "input 'x': 8 bytes, and its shape asks for"),
    "a huge shape of two": ([({**X[0], "shape": [2**62, 2**62]}, X[1])] * 2, "'x': shape [46116860184273879"),
    "a negative shape": ([({**X[0], "shape": [-2]}, X[1])], "column 'x': shape [-2] holds no rows"),
    "no rows": ([({**X[0], "shape": [0]}, b"")], "column 'x': shape [0] holds no rows"),
    "a text cut off": ([X, (NAME[0], NAME[1][:-2] + b"\x01\x00"), N, B], "input 'name': its bytes end within a text"),
    "a text that is not UTF-8": (
        [X, (NAME[0], b"\x00\x00\x00\x00\x01\x00\x00\x00\xff"), N, B],
        "input 'name': a text that is not UTF-8, in row 1",
    ),
    "a boolean of 2": ([X, NAME, N, (B[0], b"\x00\x02")], "column 'b': a number other than 0 and 1"),
    "a fraction": ([X, NAME, (tensor("n", "FP64", 2), encode("FP64", [1, 1.5])), B], "'n': a fraction where"),
    "a NaN": ([X, NAME, (tensor("n", "FP16", 2), encode("FP16", [1, np.nan])), B], "'n': null or NaN"),
    "infinity": ([(X[0], encode("FP32", [1, np.inf])), NAME, N, B], "'x': infinity is beyond what the model can hold"),
    "texts for numbers": ([(tensor("x", "BYTES", 2), NAME[1])], "column 'x' is float64: datatype BYTES"),
    "booleans for numbers": ([(tensor("x", "BOOL", 2), B[1])], "column 'x' is float64: datatype BOOL"),
    "an unknown datatype": ([(tensor("x", "BF16", 2), b"1234")], "column 'x': datatype 'BF16' is unknown"),
    "data and bytes": ([({**X[0], "data": [1, 2]}, X[1])], "input 'x': it has both data and binary_data_size"),
    "neither": ([(X[0], None)], "input 'x': there is no data"),
    "shared memory": ([({**X[0], "parameters": {"shared_memory_region": "a"}}, None)], "'x': shared memory is not"),
    "a size beyond the body": (
        [({**X[0], "parameters": {"binary_data_size": 9}}, X[1])],
        "input 'x': binary_data_size is 9, and 8 bytes of the body are left",
    ),
    "a size that is none": ([({**X[0], "parameters": {"binary_data_size": True}}, X[1])], "binary_data_size is True"),
    "a negative size": ([({**X[0], "parameters": {"binary_data_size": -8}}, X[1])], "binary_data_size is -8"),
    "bytes that follow": (
        [({**X[0], "parameters": {"binary_data_size": 4}}, X[1])],
        "4 bytes follow the last input's",
    ),
}


@pytest.mark.parametrize("fault", WRONG)
def test_wrong_bytes_are_refused_with_the_inputs_name(fault: str) -> None:
    inputs, said = WRONG[fault]
    assert said in told(inputs)


@pytest.mark.parametrize(
    ("head", "said"),
    [(b"10000", "is 10000, and the body has"), (b"-1", "is no number"), (b"x", "is no number"), (b"0", "not JSON")],
)
def test_a_header_that_cannot_be_is_refused(head: bytes, said: str) -> None:
    with pytest.raises(Fault, match=r"Inference-Header-Content-Length|JSON") as caught:
        parse(framed(GOOD)[0], head)
    assert said in caught.value.message


@pytest.mark.parametrize(
    ("parameters", "outputs", "binary"),
    [
        (None, None, []),
        ({"binary_data_output": True}, None, ["prediction", "label"]),
        (None, [{"name": "label", "parameters": {"binary_data": True}}, {"name": "prediction"}], ["label"]),
        (
            {"binary_data_output": True},
            [{"name": "label", "parameters": {"binary_data": False}}, {"name": "prediction"}],
            ["prediction"],
        ),
    ],
)
def test_each_output_comes_as_it_was_asked_for(parameters: Any, outputs: Any, binary: list[str]) -> None:
    body, head = framed(GOOD, parameters=parameters, outputs=outputs or [])
    asked = parse(body, head)
    answers = Answers(3, {"prediction": [9.0, 1.0, 2.0], "label": ["z", "a", "é"]}, {"prediction": 1, "label": 1}, {})
    answer = oip.encode(asked, MANIFEST, answers, 1, 3)
    whole, size = (answer.body, answer.head) if isinstance(answer, oip.Framed) else (answer, len(answer))
    said, rest = msgspec.json.decode(whole[:size]), whole[size:]
    found = {}
    for output in said["outputs"]:
        taken = output.get("parameters", {}).get("binary_data_size", 0)
        found[output["name"]], rest = output.get("data", rest[:taken]), rest[taken:]
    assert not rest
    assert "parameters" not in said
    assert [name for name, value in found.items() if isinstance(value, bytes)] == sorted(binary, key=list(found).index)
    assert found["prediction"] in ([1.0, 2.0], encode("FP64", [1.0, 2.0]))
    assert found["label"] in (["a", "é"], encode("BYTES", ["a", "é"]))


def test_a_wish_that_is_no_boolean_and_classification_are_refused() -> None:
    assert "binary_data_output is true or false" in told(GOOD, parameters={"binary_data_output": 1})
    wanted = {"name": "label", "parameters": {"classification": 2}}
    assert "output 'label': classification is not spoken here" in told(GOOD, outputs=[wanted])


def test_a_running_server_reads_and_writes_binary_tensors(server: Server) -> None:
    inputs = [
        (tensor("distance", "FP64", 1), encode("FP64", [ROW["distance"]])),
        (tensor("temp", "FP32", 1), encode("FP32", [np.nan])),
        (tensor("carrier", "BYTES", 1), encode("BYTES", [ROW["carrier"]])),
    ]
    body, head = framed(inputs, parameters={"binary_data_output": True, "trace": "a"})
    headers = {"inference-header-content-length": head.decode(), "content-type": "application/octet-stream"}
    answer = server.client.post("/v2/models/delay/infer", content=body, headers=headers)
    assert answer.headers["content-type"] == "application/octet-stream"
    size = int(answer.headers["inference-header-content-length"])
    said = json.loads(answer.content[:size])
    assert said["parameters"] == {"trace": "a"}
    plain = server.infer(request([{**ROW, "temp": None}])).json()["outputs"]
    assert np.frombuffer(answer.content[size : size + 8], "<i8").tolist() == plain[0]["data"]
    assert np.frombuffer(answer.content[size + 8 :], "<f8").tolist() == plain[1]["data"]


def test_a_binary_matrix_agrees_with_a_nested_list(forest: Server) -> None:
    values = [[1000.0, 3.0], [200.0, 4.0]]
    told_shape = {"name": "rows", "shape": [2, 2], "datatype": "FP32"}
    body, head = framed([(told_shape, encode("FP32", values))])
    headers = {"inference-header-content-length": head.decode()}
    binary = forest.client.post("/v2/models/minutes/infer", content=body, headers=headers)
    assert binary.json() == forest.infer({"inputs": [{**told_shape, "data": values}]}, "minutes").json()
    wrong = framed([({**told_shape, "datatype": "FP64"}, encode("FP64", [[1.0, 2.0], [np.nan, 1.0]]))])
    answer = forest.client.post(
        "/v2/models/minutes/infer", content=wrong[0], headers={"inference-header-content-length": wrong[1].decode()}
    )
    assert answer.status_code == 400
    assert answer.json()["error"].endswith("may not be missing, in row 1")


names = st.sampled_from(["x", "name", "n", "b", "?"])
shapes = st.lists(st.sampled_from([-1, 0, 1, 2, 3, 4, 2**63]), max_size=3)
pieces = st.tuples(
    st.fixed_dictionaries(
        {"name": names, "shape": shapes, "datatype": st.sampled_from(DATATYPES)},
        optional={
            "data": st.none() | st.lists(st.integers() | st.text(max_size=2) | st.none(), max_size=3),
            "parameters": st.dictionaries(st.just("binary_data_size"), st.integers(-1, 20) | st.none(), max_size=1),
        },
    ),
    st.none() | st.binary(max_size=17),
)


def only_a_fault(body: bytes, head: bytes) -> None:
    """Either rows that fit the signature come out, or a Fault of the 400s."""
    try:
        rows = parse(body, head).rows
    except Fault as fault:
        assert fault.status == 400  # noqa: PT017 - either outcome is right
    else:
        numbers = np.frombuffer(rows.numbers).reshape(rows.count, 3)
        assert rows.count > 0
        assert np.isfinite(numbers[:, 1:]).all()
        assert not np.isinf(numbers).any()
        assert [len(texts) for texts in rows.texts] == [rows.count]


@settings(max_examples=400, deadline=None)
@given(st.lists(pieces, max_size=5), st.integers(-3, 3) | st.just(0), st.binary(max_size=4))
def test_no_binary_request_at_all_raises_anything_but_a_fault(inputs: Any, off: int, more: bytes) -> None:
    body, head = framed(inputs)
    only_a_fault(body + more, str(int(head) + off).encode())


@settings(max_examples=400, deadline=None)
@given(st.binary(max_size=60), st.sampled_from([b"", b"0", b"5", b"60", b"x", b"9" * 30]))
def test_no_bytes_at_all_raise_anything_but_a_fault(body: bytes, head: bytes) -> None:
    only_a_fault(body, head)


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_a_good_body_with_bytes_changed_raises_nothing_but_a_fault(data: st.DataObject) -> None:
    body, head = framed(GOOD)
    changed = bytearray(body)
    for place in data.draw(st.lists(st.integers(0, len(body) - 1), min_size=1, max_size=4)):
        changed[place] = data.draw(st.integers(0, 255))
    only_a_fault(bytes(changed), head)
