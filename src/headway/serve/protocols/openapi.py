"""The OpenAPI 3.1 document of what a server serves: paths and schemas from the models' signatures, with examples.

Schemas say what is answered with 200; columns that a model does not take are ignored, and so they are not forbidden.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from msgspec import Struct

from headway.evidence.bundle import Column, Manifest

__all__ = ["Described", "document"]

_TYPES = {"float64": "number", "int64": "integer", "bool": "boolean", "string": "string"}
_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {"error": {"type": "string", "description": "What is wrong, in which column and row."}},
}
_MLFLOW_ERROR = {
    "type": "object",
    "required": ["error_code", "message"],
    "properties": {"error_code": {"type": "string"}, "message": {"type": "string"}},
}
_READY = {"type": "object", "required": ["ready"], "properties": {"ready": {"type": "boolean"}}}
_LABEL = {
    "type": "object",
    "required": ["id", "label"],
    "properties": {
        "id": {"type": "string", "description": "The id of the request, or the header Headway-Prediction-Id."},
        "row": {"type": "integer", "minimum": 0, "default": 0},
        "label": {"type": ["string", "number", "boolean"]},
    },
}

Json = dict[str, Any]


class Described(Struct, frozen=True, kw_only=True):
    """One model: what it is, its OIP datatypes by column, and an ordinary row in the signature's order."""

    manifest: Manifest
    datatypes: Mapping[str, str]
    row: Sequence[str | float]


def document(models: Sequence[Described], version: str) -> Json:
    """The document, as JSON values; `version` is the server's."""
    paths: Json = {
        "/v2": {"get": _get("What the server is", {"type": "object"})},
        "/v2/health/live": {"get": _get("Is the process there?", {"type": "object"})},
        "/v2/health/ready": {"get": _get("Do all models answer?", _READY, 503)},
        "/v2/repository/index": {"post": _index()},
        "/metrics": {"get": _get("Counters in Prometheus' text format", {"type": "string"}, kind="text/plain")},
        "/ping": {"get": _get("MLflow's way to ask for /v2/health/ready", _READY, 503)},
        "/version": {"get": _get("The server's version", {"type": "string"}, kind="text/plain")},
    }
    for model in models:
        paths |= _paths(model)
    if len(models) == 1:
        paths["/invocations"] = {"post": _invocations(models[0])}
    return {"openapi": "3.1.0", "info": {"title": "Headway model server", "version": version}, "paths": paths}


def _paths(model: Described) -> Json:
    base = f"/v2/models/{quote(model.manifest.model, safe='')}"
    return {
        base: {"get": _get("Inputs and outputs", {"type": "object"})},
        f"{base}/ready": {"get": _get("Does the model answer?", _READY, 503)},
        f"{base}/summary": {"get": _get("What it was asked and answered, column by column", {"type": "object"})},
        f"{base}/infer": {"post": _infer(model)},
        f"{base}/invocations": {"post": _invocations(model)},
        f"{base}/feedback": {"post": _feedback(model)},
    }


def _get(summary: str, schema: Json, *others: int, kind: str = "application/json") -> Json:
    said = {200: _content("The answer", schema, kind)} | {code: _content("Not now", schema, kind) for code in others}
    return {"summary": summary, "responses": {str(code): each for code, each in said.items()}}


def _content(description: str, schema: Json, kind: str = "application/json") -> Json:
    return {"description": description, "content": {kind: {"schema": schema}}}


def _post(summary: str, content: Json, answer: Json, error: Json) -> Json:
    return {
        "summary": summary,
        "requestBody": {"required": True, "content": content},
        "responses": {
            "200": _content("The answer", answer),
            "4XX": _content("The request is wrong; the message names column and row", error),
            "503": _content("Not now; come again after Retry-After seconds", error),
        },
    }


# The Open Inference Protocol.


def _index() -> Json:
    schema = {"type": "object", "properties": {"ready": {"type": "boolean", "description": "Only what is ready."}}}
    item = {
        "type": "object",
        "required": ["name", "version", "state", "reason"],
        "properties": {key: {"type": "string"} for key in ("name", "version", "state", "reason")},
    }
    content = {"application/json": {"schema": schema, "example": {"ready": True}}}
    return _post("The models that are loaded or could be", content, {"type": "array", "items": item}, _ERROR)


def _infer(model: Described) -> Json:
    manifest, inputs = model.manifest, model.manifest.signature.inputs
    named = [
        {
            "if": {"properties": {"name": {"const": column.name}}},
            "then": {"properties": {"data": {"type": "array", "items": _flat_or_nested(_value(column))}}},
        }
        for column in inputs
    ]
    tensor = {
        "type": "object",
        "required": ["name", "shape", "datatype", "data"],
        "properties": {
            "name": {"type": "string", "examples": [column.name for column in inputs]},
            "shape": {"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 1, "maxItems": 2},
            "datatype": {"type": "string", "examples": sorted(set(model.datatypes.values()))},
            "data": {"type": "array", "minItems": 1},
        },
        "allOf": named,
    }
    names = [column.name for column in manifest.signature.outputs]
    wanted = {"type": "object", "required": ["name"], "properties": {"name": {"enum": names}}}
    schema = {
        "type": "object",
        "required": ["inputs"],
        "properties": {
            "id": {"type": "string"},
            "parameters": {"type": "object"},
            "inputs": {"type": "array", "items": tensor, "minItems": 1},
            "outputs": {"type": "array", "items": wanted},
        },
    }
    example = {
        "inputs": [
            {"name": column.name, "shape": [1], "datatype": model.datatypes[column.name], "data": [value]}
            for column, value in zip(inputs, model.row, strict=True)
        ]
    }
    answer = {
        "type": "object",
        "required": ["model_name", "model_version", "outputs"],
        "properties": {
            "model_name": {"const": manifest.model},
            "model_version": {"const": manifest.version},
            "id": {"type": "string"},
            "outputs": {"type": "array", "items": {"type": "object", "required": ["name", "shape", "datatype"]}},
        },
    }
    return _post("Predict", {"application/json": {"schema": schema, "example": example}}, answer, _ERROR)


def _flat_or_nested(value: Json) -> Json:
    return {"anyOf": [value, {"type": "array", "items": value, "minItems": 1, "maxItems": 1}]}


# MLflow's.


def _invocations(model: Described) -> Json:
    inputs = model.manifest.signature.inputs
    needed = [column.name for column in inputs if not column.nullable]
    row = {"type": "object", "properties": {column.name: _value(column) for column in inputs}, "required": needed}
    rows = {"type": "array", "minItems": 1, "items": row}
    table = {"type": "array", "minItems": 1, "items": {"type": "array"}}
    split = {
        "type": "object",
        "required": ["columns", "data"],
        "properties": {"columns": {"type": "array", "items": {"type": "string"}}, "data": table},
    }
    by_column = {"type": "object", "required": needed}
    forms = {
        "dataframe_records": rows,
        "dataframe_split": split,
        "instances": {"anyOf": [rows, table]},
        "inputs": {"anyOf": [by_column, rows, table]},
    }
    schema = {
        "type": "object",
        "properties": forms | {"params": {"type": "object", "description": "Not used."}},
        "oneOf": [{"required": [form]} for form in forms],
    }
    example = {"dataframe_records": [dict(zip((column.name for column in inputs), model.row, strict=True))]}
    answer = {
        "type": "object",
        "required": ["predictions"],
        "properties": {
            "predictions": {"type": "array"},
            "probabilities": {"type": "array", "items": {"type": "array"}},
        },
    }
    content = {
        "application/json": {"schema": schema, "example": example},
        "text/csv": {"schema": {"type": "string", "description": "A header line with the columns' names, then rows."}},
    }
    return _post("Predict, as MLflow's scoring server does", content, answer, _MLFLOW_ERROR)


def _value(column: Column) -> Json:
    kind: Any = _TYPES[column.type]
    if column.type == "bool":  # clients that have no booleans send 0 and 1
        kind = ["boolean", "integer"]
    if column.nullable:
        kind = [*([kind] if isinstance(kind, str) else kind), "null"]
    told: Json = {"type": kind}
    return told | {"examples": list(column.categories)} if column.categories else told


# Labels.


def _feedback(model: Described) -> Json:
    label = model.manifest.classes[0] if model.manifest.classes else 1.0
    schema = {
        "type": "object",
        "required": ["feedback"],
        "properties": {"feedback": {"type": "array", "minItems": 1, "items": _LABEL}},
    }
    answer = {
        "type": "object",
        "required": ["outcomes", "counts", "recorded"],
        "properties": {
            "outcomes": {"type": "array", "items": {"type": "string"}},
            "counts": {"type": "object"},
            "recorded": {"type": "integer"},
        },
    }
    example = {"feedback": [{"id": "0a1b2c3d-1", "row": 0, "label": label}]}
    content = {"application/json": {"schema": schema, "example": example}}
    return _post("Tell the truth about earlier predictions", content, answer, _ERROR)
