"""Our table of messages against the stubs that Triton's client carries, which protoc generated."""

from typing import Any

import pytest
from google.protobuf.descriptor_pb2 import DescriptorProto
from tritonclient.grpc import service_pb2

from headway.serve.grpc.messages import MESSAGES, messages


def fields(message: type[Any]) -> list[Any]:
    """Name, number, type and label of each field, and the messages inside."""
    copy = DescriptorProto()
    message.DESCRIPTOR.CopyToProto(copy)
    for field in copy.field:
        field.ClearField("json_name")
    return [*copy.field, *(inner for inner in copy.nested_type if inner.options.map_entry)]


def public(name: str) -> type[Any]:
    """The class that protoc made."""
    found: Any = service_pb2
    for part in name.split("."):
        found = getattr(found, part)
    return found  # type: ignore[no-any-return] - generated


@pytest.mark.parametrize("name", MESSAGES["inference"])
def test_a_message_is_the_public_one(name: str) -> None:
    ours, theirs = fields(messages("inference")[name]), fields(public(name))
    for field in (*ours, *theirs):
        if isinstance(field, DescriptorProto):
            for inner in field.field:
                inner.ClearField("json_name")
    assert ours == theirs


def test_what_one_writes_the_other_reads() -> None:
    sent = service_pb2.ModelInferRequest(model_name="m", id="é", raw_input_contents=[b"\x00\xff"])
    sent.parameters["a"].int64_param = -1
    sent.inputs.add(name="x", datatype="FP64", shape=[-1, 2**62]).contents.fp64_contents.extend([0.5, 2.0])
    read = messages("inference")["ModelInferRequest"].FromString(sent.SerializeToString())
    assert read.parameters["a"].int64_param == -1
    assert list(read.inputs[0].shape) == [-1, 2**62]
    assert service_pb2.ModelInferRequest.FromString(read.SerializeToString()) == sent
