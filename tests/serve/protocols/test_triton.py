"""Triton's public client asks a running server, over REST and over gRPC, with and without binary tensors."""

from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import tritonclient.grpc
import tritonclient.http
from tests.serve.bundles import onnx_sum, request
from tests.serve.running import Server, serving
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

ROWS: dict[str, np.ndarray] = {
    "x": np.array([1.5, 2.5, 3.5]),
    "n": np.array([10, 20, 30]),
    "b": np.array([True, False, True]),
    "s": np.array(["AB", "CD", "é"], object),
}
TOTAL = [13.5, 22.5, 34.5]  # one more where b, one more where s is AB
WAYS = [(tritonclient.http, True), (tritonclient.http, False), (tritonclient.grpc, True)]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    place = tmp_path_factory.mktemp("triton")
    onnx_sum(place / "models/sum")
    with serving(None, place, "--grpc-port", "0", "--models", str(place / "models")) as running:
        yield running


@pytest.fixture(scope="module", params=WAYS, ids=["binary", "json", "grpc"])
def way(request: pytest.FixtureRequest, server: Server) -> Iterator["Way"]:
    kind, binary = request.param
    port = server.said["grpc_port"] if kind is tritonclient.grpc else server.port
    client = kind.InferenceServerClient(f"127.0.0.1:{port}")
    yield Way(kind, client, binary)
    client.close()


class Way:
    """A client of Triton's, and whether it sends and asks for binary tensors."""

    def __init__(self, kind: ModuleType, client: Any, binary: bool) -> None:  # noqa: FBT001 - a fixture's
        self.kind = kind
        self.client = client
        self.over_rest = {"binary_data": binary} if kind is tritonclient.http else {}

    def inputs(self, rows: dict[str, np.ndarray]) -> list[Any]:
        """Inputs as the client's own classes."""
        made = []
        for name, values in rows.items():
            made.append(self.kind.InferInput(name, list(values.shape), np_to_triton_dtype(values.dtype)))
            made[-1].set_data_from_numpy(values, **self.over_rest)
        return made

    def infer(self, rows: dict[str, np.ndarray], outputs: Sequence[str] = (), **more: Any) -> Any:
        """Ask the model `sum`."""
        wanted = [self.kind.InferRequestedOutput(name, **self.over_rest) for name in outputs] or None
        return self.client.infer("sum", self.inputs(rows), outputs=wanted, **more)


def test_the_server_says_that_it_is_live_and_ready(way: Way) -> None:
    assert way.client.is_server_live()
    assert way.client.is_server_ready()
    assert way.client.is_model_ready("sum")
    assert way.client.is_model_ready("sum", "1.0.0")


def test_metadata_is_that_of_the_signature(way: Way) -> None:
    plain = {"as_json": True} if way.kind is tritonclient.grpc else {}
    server = way.client.get_server_metadata(**plain)
    assert server["name"] == "headway"
    assert server["extensions"] == ["binary_tensor_data", "model_repository"]
    model = way.client.get_model_metadata("sum", **plain)
    assert (model["name"], model["versions"], model["platform"]) == ("sum", ["1.0.0"], "onnxruntime")
    inputs = [(told["name"], told["datatype"], [int(size) for size in told["shape"]]) for told in model["inputs"]]
    assert inputs == [("x", "FP64", [-1]), ("n", "INT64", [-1]), ("b", "BOOL", [-1]), ("s", "BYTES", [-1])]
    assert [(told["name"], told["datatype"]) for told in model["outputs"]] == [("total", "FP64")]


def test_a_request_with_every_type_of_column_is_answered(way: Way) -> None:
    answer = way.infer(ROWS, ["total"], request_id="42")
    assert answer.as_numpy("total").tolist() == TOTAL
    told = answer.get_response(as_json=True) if way.kind is tritonclient.grpc else answer.get_response()
    assert (told["id"], told["model_name"], told["model_version"]) == ("42", "sum", "1.0.0")


def test_all_outputs_come_when_none_is_named(way: Way) -> None:
    assert way.infer(ROWS).as_numpy("total").tolist() == TOTAL


@pytest.mark.parametrize("kind", ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"])
def test_every_datatype_of_numbers_suits_columns_of_numbers(way: Way, kind: str) -> None:
    rows = {**ROWS, "x": np.array([1, 2, 3], kind), "n": np.array([10, 20, 30], kind), "b": np.array([1, 0, 1], kind)}
    assert way.infer(rows).as_numpy("total").tolist() == [13, 22, 34]


@pytest.mark.parametrize("algorithm", ["gzip", "deflate"])
def test_compressed_requests_are_read(way: Way, algorithm: str) -> None:
    name = "request_compression_algorithm" if way.kind is tritonclient.http else "compression_algorithm"
    assert way.infer(ROWS, **{name: algorithm}).as_numpy("total").tolist() == TOTAL


def test_columns_may_be_of_shape_n_by_1(way: Way) -> None:
    assert way.infer({name: values.reshape(-1, 1) for name, values in ROWS.items()}).as_numpy("total").tolist() == TOTAL


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"n": np.array([1.0, 2.5, 3.0])}, "column 'n': a fraction where an integer is expected, in row 1"),
        ({"n": np.array([1, 2, 2**60])}, "column 'n': an integer of more than 15 digits is beyond"),
        ({"b": np.array([0, 1, 2], np.int8)}, "column 'b': a number other than 0 and 1"),
        ({"x": np.array(["a", "b", "c"], object)}, "column 'x' is float64: datatype BYTES, expected FP64"),
        ({"s": np.array([1.0, 2.0, 3.0])}, "column 's' is string: datatype FP64, expected BYTES"),
        ({"x": np.array([1.0, 2.0])}, "column 'n' has 3 rows and those before it 2"),
        ({"x": np.ones((3, 2))}, "column 'x': shape [3, 2], expected [n] or [n, 1]"),
    ],
)
def test_a_wrong_column_is_refused_with_its_name(way: Way, wrong: dict[str, np.ndarray], said: str) -> None:
    with pytest.raises(InferenceServerException) as refused:
        way.infer({**ROWS, **wrong})
    assert said in refused.value.message()
    assert refused.value.status() in {"400", "StatusCode.INVALID_ARGUMENT"}


def test_a_missing_number_is_nan_and_json_has_none(way: Way) -> None:
    json = way.over_rest.get("binary_data") is False
    said = "the body is not JSON" if json else "no finite number in 'total'"  # it was taken: so is the sum of it
    with pytest.raises(InferenceServerException, match=said):
        way.infer({**ROWS, "x": np.array([1.0, np.nan, 3.0])})


def test_what_is_not_there_is_told(way: Way) -> None:
    with pytest.raises(InferenceServerException, match="output 'odds' is unknown; there is total"):
        way.infer(ROWS, ["odds"])
    with pytest.raises(InferenceServerException) as refused:
        way.client.infer("other", way.inputs(ROWS))
    assert refused.value.status() in {"404", "StatusCode.NOT_FOUND"}


def test_a_model_is_unloaded_and_loaded_by_the_repository_calls(way: Way) -> None:
    plain = {"as_json": True} if way.kind is tritonclient.grpc else {}

    def states() -> list[tuple[str, str, str]]:
        told = way.client.get_model_repository_index(**plain)
        models = told["models"] if plain else told
        return [(each["name"], each["version"], each["state"]) for each in models]

    assert states() == [("sum", "1.0.0", "READY")]
    way.client.unload_model("sum")
    assert states() == [("sum", "1.0.0", "UNAVAILABLE")]
    assert not way.client.is_server_ready()
    way.client.load_model("sum")
    assert states() == [("sum", "1.0.0", "READY")]
    assert way.infer(ROWS).as_numpy("total").tolist() == TOTAL


def test_both_doors_give_the_same_numbers(way: Way, server: Server) -> None:
    rows = [dict(zip(ROWS, values, strict=True)) for values in zip(*(v.tolist() for v in ROWS.values()), strict=True)]
    body = request(rows)
    for item in body["inputs"]:
        item["datatype"] = np_to_triton_dtype(ROWS[item["name"]].dtype)
    assert server.infer(body, "sum").json()["outputs"][0]["data"] == way.infer(ROWS).as_numpy("total").tolist()
