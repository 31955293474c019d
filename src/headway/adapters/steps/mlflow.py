"""Reads a folder that MLflow wrote, without MLflow: which file in it is the model, and what its signature says.

A flavour whose file is known here is served from that file; any other is loaded by MLflow itself, in the interpreter
of the model.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

import polars as pl
from msgspec import structs

from headway.adapters.steps.subject import Files, Subject
from headway.evidence.scan.fault import ForbiddenError
from headway.evidence.scan.form import told
from headway.reconcile.ports import PortError
from headway.spec.yaml import Node, read_nodes

__all__ = ["DESCRIPTION", "unwrapped"]

DESCRIPTION = "MLmodel"
# Loader of the flavour `python_function` -> where it says which file is the model.
KNOWN: Mapping[str, str] = {
    "mlflow.sklearn": "model_path",
    "mlflow.xgboost": "data",
    "mlflow.lightgbm": "data",
    "mlflow.catboost": "data",
    "mlflow.onnx": "data",
}
# MLflow's names for such files (model.xgb, model.lgb, model.cb) promise nothing; ours tell how to load them.
ENDINGS: Mapping[str, str] = {
    "XGBoost JSON": ".json",
    "XGBoost UBJSON": ".ubj",
    "LightGBM": ".txt",
    "CatBoost": ".cbm",
    "ONNX": ".onnx",
    "skops": ".skops",
}
TYPES: Mapping[str, type[pl.DataType]] = {
    "long": pl.Int64,
    "integer": pl.Int64,
    "double": pl.Float64,
    "float": pl.Float64,
    "boolean": pl.Boolean,
    "string": pl.String,
}
ORDINARY: Mapping[type[pl.DataType], Any] = {pl.Int64: 0, pl.Float64: 0.0, pl.Boolean: False, pl.String: ""}
EXAMPLE = "input_example.json"


def unwrapped(subject: Subject) -> Subject:
    """The model in an MLflow folder, named by its MLmodel file; any other subject as it is.  PortError when broken."""
    if PurePosixPath(subject.entry).name != DESCRIPTION:
        return subject
    base = PurePosixPath(subject.entry).parent
    said = _description(subject.model[subject.entry])
    columns = _signature(said)
    if columns is not None:
        subject = structs.replace(subject, columns=tuple(columns))
        if subject.reference.is_empty():
            example = subject.model.get((base / EXAMPLE).as_posix(), b"")
            subject = structs.replace(subject, reference=_rows(columns, example))
    flavour = said.get("flavors", {}).get("python_function", {})
    code = _below(subject.model, base / str(flavour["code"])) if flavour.get("code") else {}
    subject = structs.replace(subject, code={**subject.code, **code})
    loader = str(flavour.get("loader_module", ""))
    if loader not in KNOWN:
        return subject
    path = (base / str(flavour.get(KNOWN[loader], ""))).as_posix()
    if path not in subject.model:
        raise PortError(f"{subject.entry} says that the model is {path}, which is not there.")
    data = subject.model[path]
    try:
        ending = ENDINGS.get(told(data).name)
    except ForbiddenError:
        ending = None  # the scan says what it is
    entry = str(PurePosixPath(path).with_suffix(ending)) if ending else path
    return structs.replace(subject, entry=entry, model={entry: data})


def _description(data: bytes) -> dict[str, Any]:
    nodes, findings = read_nodes(DESCRIPTION, data)
    if findings or not nodes or not nodes[0].fields:
        why = f"{findings[0].what}, line {findings[0].place.line}" if findings else "it holds nothing"
        raise PortError(f"{DESCRIPTION} cannot be read: {why}. Save the model with MLflow again.")
    found: dict[str, Any] = _plain(nodes[0])
    return found


def _plain(node: Node) -> Any:  # noqa: ANN401 - any YAML
    if node.fields:
        return {name: _plain(value) for name, (_, value) in node.fields.items()}
    return [_plain(item) for item in node.items] if node.items else node.value


def _signature(said: Mapping[str, Any]) -> dict[str, tuple[type[pl.DataType], bool]] | None:
    """Columns with their type, and whether they must be sent; None when there is no signature of a table."""
    try:
        inputs = json.loads((said.get("signature") or {}).get("inputs") or "null")
        if not inputs:
            return None
        if inputs[0]["type"] == "tensor":
            shape = inputs[0]["tensor-spec"]["shape"]
            return {f"x{at}": (pl.Float64, True) for at in range(shape[1])} if len(shape) == 2 else None
        return {column["name"]: (TYPES[column["type"]], column.get("required", True)) for column in inputs}
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        return None


def _rows(columns: Mapping[str, tuple[type[pl.DataType], bool]], example: bytes) -> pl.DataFrame:
    """Rows of the signature's types: the example that was saved beside it, else one of zeros and empty texts.

    A last row without the columns that may be left out says that they may be missing.
    """
    rows = _example(example, list(columns)) or [[ORDINARY[kind] for kind, _ in columns.values()]]
    if not all(required for _, required in columns.values()):
        rows = [
            *rows,
            [value if required else None for value, (_, required) in zip(rows[0], columns.values(), strict=True)],
        ]
    schema = {name: kind for name, (kind, _) in columns.items()}
    try:
        return pl.DataFrame(rows, schema=schema, orient="row")
    except (pl.exceptions.PolarsError, TypeError, OverflowError) as error:
        raise PortError(f"{EXAMPLE} does not fit the signature in {DESCRIPTION}: {error}.") from error


def _example(data: bytes, names: Sequence[str]) -> list[list[Any]]:
    try:
        said = json.loads(data)
        places = [said["columns"].index(name) for name in names]
        return [[row[at] for at in places] for row in said["data"]]
    except (ValueError, KeyError, TypeError, IndexError):
        return []


def _below(files: Files, folder: PurePosixPath) -> dict[str, bytes]:
    return {path: data for path, data in files.items() if PurePosixPath(path).is_relative_to(folder)}
