"""Asks a served model for answers: features only, column by column, in the Open Inference Protocol."""

from collections.abc import Mapping, Sequence
from typing import Any

import httpx
import msgspec

from headway.evidence.bundle import Signature
from headway.reconcile.ports import PortError

__all__ = ["body_of", "predict"]

ROWS_AT_ONCE = 500
LIMIT_S = 60.0
DATATYPES = {"float64": "FP64", "int64": "INT64", "bool": "BOOL", "string": "BYTES"}

Rows = Sequence[Mapping[str, Any]]


def predict(address: str, model: str, signature: Signature, rows: Rows) -> dict[str, list[Any]]:
    """Answers to all rows: `label` and `probabilities` (a list a row), or `prediction`.

    PortError when a batch is refused or nothing answers; the message says which rows.
    """
    found: dict[str, list[Any]] = {}
    with httpx.Client(base_url=f"http://{address}", timeout=LIMIT_S, trust_env=False) as client:
        for start in range(0, len(rows), ROWS_AT_ONCE):
            part = rows[start : start + ROWS_AT_ONCE]
            for name, values in _ask(client, model, body_of(signature, part), start).items():
                found.setdefault(name, []).extend(values)
    return found


def body_of(signature: Signature, rows: Rows) -> bytes:
    """The request for some rows."""
    inputs = [
        {
            "name": column.name,
            "shape": [len(rows)],
            "datatype": DATATYPES[column.type],
            "data": [row.get(column.name) for row in rows],
        }
        for column in signature.inputs
    ]
    return msgspec.json.encode({"inputs": inputs})


def _ask(client: httpx.Client, model: str, body: bytes, start: int) -> dict[str, list[Any]]:
    try:
        answer = client.post(f"/v2/models/{model}/infer", content=body, headers={"Content-Type": "application/json"})
    except httpx.HTTPError as error:
        raise PortError(f"rows from {start} on were not answered: {error}") from error
    if answer.status_code != httpx.codes.OK:
        raise PortError(f"rows from {start} on were refused with {answer.status_code}: {answer.text[:300]}")
    return {output["name"]: _rows(output) for output in msgspec.json.decode(answer.content)["outputs"]}


def _rows(output: Mapping[str, Any]) -> list[Any]:
    shape, data = output["shape"], output["data"]
    if len(shape) < 2:
        return list(data)
    width = shape[1]
    return [data[at : at + width] for at in range(0, len(data), width)]
