"""gRPC asked of a running server, by the stubs of Triton's client."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.serve.batching.test_batch import LAYOUT
from tests.serve.bundles import onnx_sum, request
from tests.serve.running import Server, refusal, serving
from tritonclient.grpc import service_pb2, service_pb2_grpc

from headway.serve.fault import Fault
from headway.serve.grpc.infer import asked
from headway.serve.grpc.messages import messages
from headway.serve.protocols.tensors import DATATYPES

FIELD = {
    **dict.fromkeys(["INT8", "INT16", "INT32"], "int_contents"),
    **dict.fromkeys(["UINT8", "UINT16", "UINT32"], "uint_contents"),
    "INT64": "int64_contents",
    "UINT64": "uint64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    "BOOL": "bool_contents",
    "BYTES": "bytes_contents",
}
HEALTH = "/grpc.health.v1.Health/Check"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return onnx_sum(tmp_path_factory.mktemp("sum"))


@pytest.fixture(scope="module")
def server(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(bundle, tmp_path_factory.mktemp("grpc"), "--grpc-port", "0", "--max-body", "100000") as running:
        yield running


@pytest.fixture(scope="module")
def channel(server: Server) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(f"127.0.0.1:{server.said['grpc_port']}") as opened:
        yield opened


@pytest.fixture(scope="module")
def stub(channel: grpc.Channel) -> service_pb2_grpc.GRPCInferenceServiceStub:
    return service_pb2_grpc.GRPCInferenceServiceStub(channel)


def typed(**changes: tuple[str, list[Any]]) -> Any:
    """One row of the model `sum`, in typed contents; columns by datatype and values."""
    columns = {"x": ("FP64", [1.5]), "n": ("INT64", [10]), "b": ("BOOL", [True]), "s": ("BYTES", [b"AB"]), **changes}
    made = service_pb2.ModelInferRequest(model_name="sum")
    for name, (datatype, values) in columns.items():
        item = made.inputs.add(name=name, datatype=datatype, shape=[len(values)])
        getattr(item.contents, FIELD[datatype]).extend(values)
    return made


def refused(stub: Any, sent: Any) -> grpc.RpcError:
    """Why a request was not answered."""
    with pytest.raises(grpc.RpcError) as caught:
        stub.ModelInfer(sent, timeout=10)
    return caught.value


def test_who_sends_typed_contents_is_answered_in_typed_contents(stub: Any) -> None:
    answer = stub.ModelInfer(typed())
    assert list(answer.outputs[0].contents.fp64_contents) == [13.5]
    assert not answer.raw_output_contents


@pytest.mark.parametrize("datatype", [name for name in FIELD if name not in {"BOOL", "BYTES"}])
def test_typed_contents_of_every_datatype_are_understood(stub: Any, datatype: str) -> None:
    answer = stub.ModelInfer(typed(x=(datatype, [2]), n=(datatype, [3]), b=(datatype, [1])))
    assert list(answer.outputs[0].contents.fp64_contents) == [7.0]


def test_id_and_parameters_come_back_and_strange_columns_are_told(stub: Any) -> None:
    sent = typed(wind=("BYTES", [b"strong"]), **{"é,": ("FP64", [1.0])})
    sent.id, sent.parameters["trace"].string_param = "7", "a"
    answer, call = stub.ModelInfer.with_call(sent)
    assert (answer.id, answer.parameters["trace"].string_param) == ("7", "a")
    assert ("headway-ignored", "wind,%C3%A9%2C") in [(item.key, item.value) for item in call.trailing_metadata()]


def test_a_prediction_without_an_id_is_given_one_for_its_labels(stub: Any, server: Server) -> None:
    name = stub.ModelInfer(typed()).id
    told = server.client.post("/v2/models/sum/feedback", json={"feedback": [{"id": name, "label": 1.0}]})
    assert told.json()["outcomes"] == ["accepted"]


def wrong_shape(sent: Any, *shape: int) -> Any:
    sent.inputs[0].shape[:] = shape
    return sent


def with_raw(sent: Any, *raw: bytes) -> Any:
    sent.raw_input_contents.extend(raw)
    return sent


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (typed(x=("FP64", [float("inf")])), "column 'x': infinity is beyond"),
        (typed(n=("FP64", [2.5])), "column 'n': a fraction where an integer is expected, in row 0"),
        (typed(n=("INT8", [300])), "input 'n': a value that is no INT8"),
        (typed(n=("FP64", [float("nan")])), "column 'n': null or NaN"),
        (typed(s=("BYTES", [b"\xff"])), "input 's': a text that is not UTF-8, in row 0"),
        (typed(x=("BYTES", [b"1"])), "column 'x' is float64: datatype BYTES"),
        (typed(x=("FP64", [])), "column 'x': shape [0] holds no rows"),
        (wrong_shape(typed(), -1), "column 'x': shape [-1] holds no rows"),
        (wrong_shape(typed(), 2**62, 2**62), "column 'x': shape [4611686018427387904, 4611686018427387904]"),
        (wrong_shape(typed(), 2**62), "input 'x': 8 bytes, and its shape asks for 4611686018427387904 values"),
        (with_raw(typed(), b"12345678"), "there are 4 inputs, and raw_input_contents of 1"),
        (with_raw(typed(), *[b"12345678"] * 4), "input 'x': it has both contents and raw_input_contents"),
        (service_pb2.ModelInferRequest(model_name="sum"), "there are no inputs; expected x, n, b, s"),
    ],
)
def test_a_wrong_request_is_an_invalid_argument_that_says_where(stub: Any, sent: Any, said: str) -> None:
    error = refused(stub, sent)
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert said in error.details()


def test_contents_of_another_type_than_said_are_refused(stub: Any) -> None:
    sent = typed()
    sent.inputs[0].contents.fp32_contents.append(1.0)
    assert "input 'x': fp32_contents, fp64_contents, which is not for datatype 'FP64'" in refused(stub, sent).details()
    sent.inputs[0].datatype = "FP16"
    assert refused(stub, sent).code() is grpc.StatusCode.INVALID_ARGUMENT
    sent.inputs[0].contents.Clear()
    assert "input 'x': 0 bytes" in refused(stub, sent).details()


def test_shared_memory_and_classification_are_refused_rather_than_ignored(stub: Any) -> None:
    sent = typed()
    sent.inputs[0].parameters["shared_memory_region"].string_param = "a"
    assert "shared memory is not spoken here" in refused(stub, sent).details()
    sent = typed()
    sent.outputs.add(name="total").parameters["classification"].int64_param = 3
    assert "output 'total': classification is not spoken here" in refused(stub, sent).details()


def test_both_doors_refuse_in_the_same_words(server: Server, stub: Any) -> None:
    wrong = {"x": 1.0, "n": 2.5, "b": True, "s": "AB"}
    body = request([wrong])
    body["inputs"][2]["datatype"], body["inputs"][3]["datatype"] = "BOOL", "BYTES"
    rest = server.infer(body, "sum")
    assert rest.status_code == 400
    assert rest.json()["error"] == refused(stub, typed(x=("FP64", [1.0]), n=("FP64", [2.5]))).details()


def test_what_is_not_here_is_not_found(stub: Any) -> None:
    sent = typed()
    sent.model_version = "9.9.9"
    assert refused(stub, sent).code() is grpc.StatusCode.NOT_FOUND
    for call, message in (
        (stub.ModelReady, service_pb2.ModelReadyRequest(name="other")),
        (stub.ModelMetadata, service_pb2.ModelMetadataRequest(name="other")),
    ):
        with pytest.raises(grpc.RpcError, match="model 'other' is not loaded"):
            call(message)


def test_the_repository_is_closed_unless_it_was_opened(stub: Any) -> None:
    for call, message in (
        (stub.RepositoryModelLoad, service_pb2.RepositoryModelLoadRequest(model_name="sum")),
        (stub.RepositoryModelUnload, service_pb2.RepositoryModelUnloadRequest(model_name="sum")),
    ):
        with pytest.raises(grpc.RpcError, match="started with --models FOLDER") as caught:
            call(message)
        assert caught.value.code() is grpc.StatusCode.PERMISSION_DENIED


def test_bytes_that_are_no_message_and_messages_too_large_are_refused(channel: grpc.Channel, stub: Any) -> None:
    call = channel.unary_unary("/inference.GRPCInferenceService/ModelInfer")
    with pytest.raises(grpc.RpcError, match="the message is no ModelInferRequest") as caught:
        call(b"\xff\xff\xff")
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert refused(stub, typed(s=("BYTES", [b"a" * 100_000]))).code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert list(stub.ModelInfer(typed()).outputs[0].contents.fp64_contents) == [13.5]


def rejects(server: Server) -> list[int]:
    """Of requests that cannot be understood, and of those that are too large."""
    text = server.client.get("/metrics").text
    found = (re.search(rf'rejects_total{{.*reason="{name}"}} (\d+)', text) for name in ("invalid", "too_large"))
    return [int(each[1]) for each in found if each]


def test_a_message_that_is_not_understood_is_counted_by_its_reason(
    server: Server, channel: grpc.Channel, stub: Any
) -> None:
    before = rejects(server)
    call = channel.unary_unary("/inference.GRPCInferenceService/ModelInfer")
    with pytest.raises(grpc.RpcError):
        call(b"\xff\xff\xff")
    for size in (100_000, 5_000_000):
        refused(stub, typed(s=("BYTES", [b"a" * size])))
    # The core answers a message that is too large before it tells the server.
    until = time.monotonic() + 10
    while (after := rejects(server)) != [before[0] + 1, before[1] + 2]:
        assert time.monotonic() < until, (before, after)


def test_a_client_that_streams_and_sends_nothing_is_told_what_is_missing(channel: grpc.Channel) -> None:
    call = channel.stream_unary("/inference.GRPCInferenceService/ModelInfer")
    with pytest.raises(grpc.RpcError, match="model '' is not loaded"):
        call(iter(()), timeout=10)


def counted(server: Server, name: str) -> int:
    lines = server.client.get("/metrics").text.splitlines()
    return next(int(line.split()[-1]) for line in lines if line.startswith(name + "{"))


def test_calls_are_counted_as_requests_over_rest_are(server: Server, stub: Any) -> None:
    names = ("ml_prediction_requests_total", "ml_prediction_errors_total", "ml_prediction_latency_seconds_count")
    before = [counted(server, name) for name in names]
    stub.ModelInfer(typed())
    refused(stub, typed(n=("FP64", [2.5])))
    assert [counted(server, name) for name in names] == [before[0] + 2, before[1] + 1, before[2] + 2]


def test_the_health_service_says_what_readiness_says(channel: grpc.Channel) -> None:
    check = channel.unary_unary(HEALTH)
    assert check(b"") == b"\x08\x01"  # status: SERVING
    with pytest.raises(grpc.RpcError) as caught:
        check(b"\x0a\x05other")
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


def test_a_server_that_is_told_to_stop_is_not_ready_and_serves_on(bundle: Path, tmp_path: Path) -> None:
    with (
        serving(bundle, tmp_path, "--grpc-port", "0", "--quiet", "20", "--drain", "20") as server,
        grpc.insecure_channel(f"127.0.0.1:{server.said['grpc_port']}") as channel,
    ):
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        assert stub.ServerReady(service_pb2.ServerReadyRequest()).ready
        server.process.send_signal(signal.SIGTERM)
        while stub.ServerReady(service_pb2.ServerReadyRequest()).ready:
            pass
        assert not stub.ModelReady(service_pb2.ModelReadyRequest(name="sum")).ready
        assert channel.unary_unary(HEALTH)(b"") == b"\x08\x02"  # NOT_SERVING
        assert list(stub.ModelInfer(typed()).outputs[0].contents.fp64_contents) == [13.5]
        server.process.send_signal(signal.SIGTERM)  # the second one: at once
        assert server.process.wait(20) == 0


def test_a_port_that_is_taken_is_said(bundle: Path, server: Server) -> None:
    port = str(server.said["grpc_port"])
    assert f"cannot listen for gRPC on 127.0.0.1:{port}" in refusal(bundle, "--grpc-port", port)


def test_calls_that_are_tritons_own_are_unimplemented(stub: Any) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        stub.ModelConfig(service_pb2.ModelConfigRequest(name="sum"))
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_a_model_in_a_process_of_its_own_answers_over_grpc(unconverted: Path, tmp_path: Path) -> None:
    with (
        serving(unconverted, tmp_path, "--grpc-port", "0") as server,
        grpc.insecure_channel(f"127.0.0.1:{server.said['grpc_port']}") as channel,
    ):
        sent = service_pb2.ModelInferRequest(model_name="delay")
        for name, (field, value) in {"distance": ("FP64", 1400.0), "carrier": ("BYTES", b"UA")}.items():
            item = sent.inputs.add(name=name, datatype=field, shape=[1])
            getattr(item.contents, FIELD[field]).append(value)
        answer = service_pb2_grpc.GRPCInferenceServiceStub(channel).ModelInfer(sent)
        plain = server.infer(request([{"distance": 1400.0, "carrier": "UA"}])).json()["outputs"]
        assert list(answer.outputs[0].contents.int64_contents) == plain[0]["data"]
        assert list(answer.outputs[1].contents.fp64_contents) == plain[1]["data"]
        assert list(answer.outputs[1].shape) == [1, 2]


def test_in_a_sandbox_calls_are_answered_as_outside(bundle: Path, tmp_path: Path) -> None:
    with serving(bundle, tmp_path, "--grpc-port", "0", "--sandbox", "best") as running:
        assert "seccomp" in running.said["isolation"]
        with grpc.insecure_channel(f"127.0.0.1:{running.said['grpc_port']}") as opened:
            stub = service_pb2_grpc.GRPCInferenceServiceStub(opened)
            answer = stub.ModelInfer(typed(), timeout=10)
            assert list(answer.outputs[0].contents.fp64_contents) == [13.5]
            assert refused(stub, typed(n=("FP64", [2.5]))).code() is grpc.StatusCode.INVALID_ARGUMENT
        assert running.end() == 0


def test_a_missing_extra_is_named(bundle: Path) -> None:
    code = (
        "import sys; sys.modules['grpc'] = None; from headway.serve.__main__ import main;"
        f"sys.exit(main([{str(bundle)!r}, '--grpc-port', '0']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr == "headway serve: grpc is not installed; install headway[grpc]\n"


parts = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(["x", "name", "n", "b", "?"]),
        "datatype": st.sampled_from([*DATATYPES, "", "FP13"]),
        "shape": st.lists(st.sampled_from([-1, 0, 1, 2, 4, 2**62, -(2**63)]), max_size=3),
        "contents": st.fixed_dictionaries(
            {},
            optional={
                "fp64_contents": st.lists(st.floats(), max_size=3),
                "int_contents": st.lists(st.integers(-(2**31), 2**31 - 1), max_size=3),
                "uint64_contents": st.lists(st.integers(0, 2**64 - 1), max_size=3),
                "bytes_contents": st.lists(st.binary(max_size=3), max_size=3),
            },
        ),
    },
)


@settings(max_examples=300, deadline=None)
@given(st.lists(parts, max_size=5), st.lists(st.binary(max_size=17), max_size=5), st.booleans())
def test_no_message_at_all_raises_anything_but_a_fault(inputs: list[Any], raw: list[bytes], both: bool) -> None:  # noqa: FBT001 - drawn
    if raw and not both:
        inputs = [{key: value for key, value in item.items() if key != "contents"} for item in inputs]
    made = messages("inference")["ModelInferRequest"](inputs=inputs, raw_input_contents=raw)
    try:
        rows = asked(made, LAYOUT, ("prediction",)).rows
    except Fault as fault:
        assert fault.status == 400  # noqa: PT017 - either outcome is right
    else:
        assert len(rows.numbers) == rows.count * 3 * 8
        assert np.isfinite(np.frombuffer(rows.numbers).reshape(-1, 3)[:, 1:]).all()
