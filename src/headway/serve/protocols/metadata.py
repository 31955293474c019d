"""What a model takes and answers, in the words of the Open Inference Protocol, from its signature."""

from collections.abc import Mapping
from typing import Any

from headway.evidence.bundle import Column, Manifest, classes_of, is_label
from headway.serve.protocols.outputs import datatype_of

__all__ = ["EXTENSIONS", "metadata"]

EXTENSIONS = ("binary_tensor_data", "model_repository")  # of the protocol, those that are spoken here

_DATATYPE: Mapping[str, str] = {"float64": "FP64", "int64": "INT64", "bool": "BOOL", "string": "BYTES"}


def metadata(manifest: Manifest, platform: str) -> dict[str, Any]:
    """Name, version, platform, inputs and outputs.

    What the protocol has no word for is a tensor's `parameters`: whether an input may be missing (`nullable`), the
    values that it was trained with (`categories`), whose probability each number is (`classes`).
    """
    return {
        "name": manifest.model,
        "versions": [manifest.version],
        "platform": platform,
        "inputs": [_input(column) for column in manifest.signature.inputs],
        "outputs": [_output(column, manifest) for column in manifest.signature.outputs],
    }


def _input(column: Column) -> dict[str, Any]:
    parameters: dict[str, Any] = {"nullable": True} if column.nullable else {}
    if column.categories is not None:
        parameters["categories"] = column.categories
    return _tensor(column.name, _DATATYPE[column.type], [-1], parameters)


def _output(column: Column, manifest: Manifest) -> dict[str, Any]:
    classes = classes_of(manifest, column)
    if is_label(column.name):
        datatype = datatype_of(classes[0]) if classes else _DATATYPE[column.type]
        return _tensor(column.name, datatype, [-1], {})
    if classes:
        return _tensor(column.name, "FP64", [-1, len(classes)], {"classes": classes})
    return _tensor(column.name, _DATATYPE[column.type], [-1, column.width] if column.width > 1 else [-1], {})


def _tensor(name: str, datatype: str, shape: list[int], parameters: Mapping[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {"name": name, "datatype": datatype, "shape": shape}
    return {**told, "parameters": parameters} if parameters else told
