"""How a row is asked of each server: path and body of the request, and the labels in its answer."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from bench.serving.forest import NAMES
from msgspec import Struct
from numpy.typing import NDArray

__all__ = ["FORMS", "Form", "request"]

Body = tuple[bytes, bytes]  # further headers, body
Rows = NDArray[np.float64]

JSON = b"Content-Type: application/json\r\n"


class Form(Struct, frozen=True, kw_only=True):
    """A server's protocol: where and how to ask, and how to find the labels in the decoded answer."""

    path: str
    body: Callable[[Rows], Body]
    labels: Callable[[Any], list[Any]]


def request(form: Form, rows: Rows) -> bytes:
    """The whole request over HTTP/1.1 for these rows."""
    more, body = form.body(rows)
    head = f"POST {form.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n".encode()
    return b"%b%b\r\n%b" % (head, more, body)


def _matrix(datatype: str, name: str) -> Callable[[Rows], Body]:
    def body(rows: Rows) -> Body:
        tensor = {"name": name, "shape": list(rows.shape), "datatype": datatype, "data": rows.ravel().tolist()}
        return JSON, json.dumps({"inputs": [tensor]}).encode()

    return body


def _columns(rows: Rows) -> Body:
    """One input a column."""
    inputs = [
        {"name": name, "shape": [len(rows)], "datatype": "FP64", "data": rows[:, at].tolist()}
        for at, name in enumerate(NAMES)
    ]
    return JSON, json.dumps({"inputs": inputs}).encode()


def _tensors(rows: Rows) -> Body:
    """The protocol's binary tensors: a head in JSON, then the numbers as they lie in memory."""
    data = rows.astype("<f8").tobytes()
    tensor = {
        "name": "X",
        "shape": list(rows.shape),
        "datatype": "FP64",
        "parameters": {"binary_data_size": len(data)},
    }
    head = json.dumps({"inputs": [tensor], "parameters": {"binary_data_output": True}}).encode()
    kind = b"Content-Type: application/octet-stream\r\nInference-Header-Content-Length: %d\r\n" % len(head)
    return kind, head + data


def _named(key: str) -> Callable[[Rows], Body]:
    def body(rows: Rows) -> Body:
        return JSON, json.dumps({key: rows.tolist()}).encode()

    return body


def _label_output(answer: Any) -> list[Any]:  # noqa: ANN401 - another program's JSON
    """The output of that name, or the first."""
    outputs: Sequence[Any] = answer["outputs"]
    return next((each["data"] for each in outputs if each["name"] == "label"), outputs[0]["data"])


def _oip(body: Callable[[Rows], Body]) -> Form:
    return Form(path="/v2/models/forest/infer", body=body, labels=_label_output)


FORMS = {
    "matrix": _oip(_matrix("FP64", "X")),
    "columns": _oip(_columns),
    "single precision": _oip(_matrix("FP32", "X")),
    "tensors": _oip(_tensors),
    "rows": Form(path="/predict", body=_named("rows"), labels=lambda answer: answer),
    "invocations": Form(path="/invocations", body=_named("inputs"), labels=lambda answer: answer["predictions"]),
    "mlflow": Form(path="/invocations", body=_named("inputs"), labels=lambda answer: answer["predictions"]["label"]),
}
