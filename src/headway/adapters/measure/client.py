"""Asks a served model for answers: features only, column by column, in the Open Inference Protocol."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
import msgspec
import polars as pl
from msgspec import Struct

from headway.evidence.bundle import Signature
from headway.reconcile.ports import PortError

__all__ = ["Answered", "Asking", "predict"]

ROWS_AT_ONCE = 500
LIMIT_S = 90.0
# A model's process that died is restarted by its server within seconds.
AGAIN, AGAIN_S = 20, 0.5
# Beyond so many rows without an answer a refused batch is no longer taken apart to find the good ones in it.
ALONE_AT_MOST = 200
DATATYPES = {"float64": "FP64", "int64": "INT64", "bool": "BOOL", "string": "BYTES"}

Columns = Mapping[str, Sequence[Any]]


class Answered(Struct, frozen=True, kw_only=True):
    """Answers by output, a value or a list of values a row; None for rows that got none, `fault` says why the first."""

    outputs: Mapping[str, Sequence[Any]]
    scored: Sequence[bool]
    fault: str = ""


class Asking:
    """Rows as requests for one signature."""

    def __init__(self, signature: Signature, rows: pl.DataFrame) -> None:
        self._signature = signature
        self._columns: Columns = {
            column.name: _sent(rows[column.name]) if column.name in rows.columns else [None] * rows.height
            for column in signature.inputs
        }
        self.count = rows.height

    def body(self, start: int, stop: int) -> bytes:
        """The request for some of the rows."""
        inputs = [
            {
                "name": column.name,
                "shape": [stop - start],
                "datatype": DATATYPES[column.type],
                "data": self._columns[column.name][start:stop],
            }
            for column in self._signature.inputs
        ]
        return msgspec.json.encode({"inputs": inputs})


def predict(address: str, model: str, signature: Signature, asking: Asking) -> Answered:
    """Answers to all rows: `label` and `probabilities`, or `prediction`.  PortError when nobody answers any more.

    A batch that is refused is halved until the rows that the model refuses stand alone.
    """
    outputs: dict[str, list[Any]] = {column.name: [None] * asking.count for column in signature.outputs}
    scored, alone, fault = [False] * asking.count, 0, ""
    waiting = [(at, min(at + ROWS_AT_ONCE, asking.count)) for at in range(0, asking.count, ROWS_AT_ONCE)]
    with httpx.Client(base_url=f"http://{address}", timeout=LIMIT_S, trust_env=False) as client:
        while waiting:
            start, stop = waiting.pop()
            answer = _post(client, model, asking.body(start, stop))
            if answer.status_code != httpx.codes.OK:
                fault = fault or f"{answer.status_code}: {_said(answer)}"
                if stop - start > 1 and alone < ALONE_AT_MOST:
                    middle = (start + stop) // 2
                    waiting += [(start, middle), (middle, stop)]
                else:
                    alone += stop - start
                continue
            for name, values in _rows(answer.content, stop - start).items():
                if name in outputs:
                    outputs[name][start:stop] = values
            scored[start:stop] = [True] * (stop - start)
    return Answered(outputs=outputs, scored=scored, fault=fault)


def _sent(values: pl.Series) -> list[Any]:
    if values.dtype == pl.Boolean or values.dtype.is_integer():
        return values.to_list()
    if values.dtype.is_numeric():
        return values.cast(pl.Float64).fill_nan(None).to_list()
    return values.cast(pl.String).to_list()


def _post(client: httpx.Client, model: str, body: bytes) -> httpx.Response:
    for _ in range(AGAIN):
        try:
            answer = client.post(
                f"/v2/models/{model}/infer", content=body, headers={"Content-Type": "application/json"}
            )
        except httpx.HTTPError as error:
            raise PortError(f"The bundle's server stopped answering: {error!r}.") from error
        if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
            break
        time.sleep(AGAIN_S)
    return answer


def _said(answer: httpx.Response) -> str:
    try:
        return str(msgspec.json.decode(answer.content)["error"])[:300]
    except (msgspec.DecodeError, KeyError, TypeError):
        return answer.text[:300]


def _rows(content: bytes, count: int) -> dict[str, list[Any]]:
    """Outputs by name, a value or a list of values a row; PortError when they are not as many as the rows."""
    found: dict[str, list[Any]] = {}
    try:
        for output in msgspec.json.decode(content)["outputs"]:
            data, shape = output["data"], output["shape"]
            width = shape[1] if len(shape) > 1 else 1
            values = data if len(shape) < 2 else [data[at : at + width] for at in range(0, len(data), width)]
            if len(values) != count:
                raise PortError(f"The server answered {len(values)} values of {output['name']!r} for {count} rows.")
            found[output["name"]] = values
    except (msgspec.DecodeError, KeyError, TypeError, ValueError) as error:
        raise PortError(f"The server's answer cannot be understood: {error!r}.") from error
    return found
