"""The messages of `inference.GRPCInferenceService` and of gRPC's health service, made from one table.

Names and numbers are those of the public protocol: kserve/open-inference-protocol,
specification/protocol/open_inference_grpc.proto, and for the repository grpc_service.proto of
triton-inference-server/common.  A table in place of generated code binds us to no version of the generator, and puts
nothing into protobuf's shared pool, where a client's stubs may lie in the same process.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

__all__ = ["MESSAGES", "messages"]

_SCALARS = {
    "bool": FieldDescriptorProto.TYPE_BOOL,
    "bytes": FieldDescriptorProto.TYPE_BYTES,
    "double": FieldDescriptorProto.TYPE_DOUBLE,
    "float": FieldDescriptorProto.TYPE_FLOAT,
    "int32": FieldDescriptorProto.TYPE_INT32,
    "int64": FieldDescriptorProto.TYPE_INT64,
    "string": FieldDescriptorProto.TYPE_STRING,
    "uint32": FieldDescriptorProto.TYPE_UINT32,
    "uint64": FieldDescriptorProto.TYPE_UINT64,
}

# Package -> message -> its fields from number 1 on, as in a .proto file; `oneof` marks the fields of one choice.
MESSAGES: Mapping[str, Mapping[str, str]] = {
    "inference": {
        "ServerLiveRequest": "",
        "ServerLiveResponse": "bool live",
        "ServerReadyRequest": "",
        "ServerReadyResponse": "bool ready",
        "ModelReadyRequest": "string name; string version",
        "ModelReadyResponse": "bool ready",
        "ServerMetadataRequest": "",
        "ServerMetadataResponse": "string name; string version; repeated string extensions",
        "ModelMetadataRequest": "string name; string version",
        "ModelMetadataResponse": "string name; repeated string versions; string platform;"
        " repeated ModelMetadataResponse.TensorMetadata inputs; repeated ModelMetadataResponse.TensorMetadata outputs",
        "ModelMetadataResponse.TensorMetadata": "string name; string datatype; repeated int64 shape",
        "InferParameter": "oneof bool bool_param; oneof int64 int64_param; oneof string string_param;"
        " oneof double double_param; oneof uint64 uint64_param",
        "InferTensorContents": "repeated bool bool_contents; repeated int32 int_contents;"
        " repeated int64 int64_contents; repeated uint32 uint_contents; repeated uint64 uint64_contents;"
        " repeated float fp32_contents; repeated double fp64_contents; repeated bytes bytes_contents",
        "ModelInferRequest": "string model_name; string model_version; string id; map InferParameter parameters;"
        " repeated ModelInferRequest.InferInputTensor inputs;"
        " repeated ModelInferRequest.InferRequestedOutputTensor outputs; repeated bytes raw_input_contents",
        "ModelInferRequest.InferInputTensor": "string name; string datatype; repeated int64 shape;"
        " map InferParameter parameters; InferTensorContents contents",
        "ModelInferRequest.InferRequestedOutputTensor": "string name; map InferParameter parameters",
        "ModelInferResponse": "string model_name; string model_version; string id; map InferParameter parameters;"
        " repeated ModelInferResponse.InferOutputTensor outputs; repeated bytes raw_output_contents",
        "ModelInferResponse.InferOutputTensor": "string name; string datatype; repeated int64 shape;"
        " map InferParameter parameters; InferTensorContents contents",
        "RepositoryIndexRequest": "string repository_name; bool ready",
        "RepositoryIndexResponse": "repeated RepositoryIndexResponse.ModelIndex models",
        "RepositoryIndexResponse.ModelIndex": "string name; string version; string state; string reason",
        "ModelRepositoryParameter": "oneof bool bool_param; oneof int64 int64_param; oneof string string_param;"
        " oneof bytes bytes_param",
        "RepositoryModelLoadRequest": "string repository_name; string model_name;"
        " map ModelRepositoryParameter parameters",
        "RepositoryModelLoadResponse": "",
        "RepositoryModelUnloadRequest": "string repository_name; string model_name;"
        " map ModelRepositoryParameter parameters",
        "RepositoryModelUnloadResponse": "",
    },
    "grpc.health.v1": {
        "HealthCheckRequest": "string service",
        "HealthCheckResponse": "int32 status",  # an enum on paper, and the same bytes: 1 is SERVING, 2 NOT_SERVING
    },
}


@cache
def messages(package: str) -> Mapping[str, Any]:
    """The message classes of a package by name; made at the first call."""
    file = FileDescriptorProto(name=f"{package}.proto", package=package, syntax="proto3")
    made: dict[str, DescriptorProto] = {}
    for name, fields in MESSAGES[package].items():
        outer, _, inner = name.rpartition(".")
        made[name] = (made[outer].nested_type if outer else file.message_type).add(name=inner)
        for number, field in enumerate(filter(None, map(str.strip, fields.split(";"))), start=1):
            _add(made[name], f".{package}.", name, field, number)
    pool = DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    return {name: GetMessageClass(pool.FindMessageTypeByName(f"{package}.{name}")) for name in made}


def _add(message: DescriptorProto, package: str, owner: str, field: str, number: int) -> None:
    *rule, kind, name = field.split()
    made = message.field.add(name=name, number=number, label=FieldDescriptorProto.LABEL_OPTIONAL)
    if rule == ["oneof"]:
        if not message.oneof_decl:
            message.oneof_decl.add(name="parameter_choice")
        made.oneof_index = 0
    elif rule:
        made.label = FieldDescriptorProto.LABEL_REPEATED
    if rule == ["map"]:  # a list of pairs on the wire
        entry = message.nested_type.add(name=f"{name.capitalize()}Entry")
        entry.options.map_entry = True
        _add(entry, package, "", "string key", 1)
        _add(entry, package, "", f"{kind} value", 2)
        kind = f"{owner}.{entry.name}"
    if kind in _SCALARS:
        made.type = _SCALARS[kind]
    else:
        made.type, made.type_name = FieldDescriptorProto.TYPE_MESSAGE, package + kind
