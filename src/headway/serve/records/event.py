"""Predictions and their labels as CloudEvents: which are sampled, and what of them is said.  Pure.

The form is CloudEvents 1.0 in JSON, `traceparent` its extension for distributed tracing.  Only columns that the model
takes are in it: what else a client sent is not even read here.
"""

import hashlib
import hmac
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import numpy as np
from msgspec import Struct

from headway.evidence.bundle import Manifest
from headway.serve.batching.answers import Answers
from headway.serve.batching.batch import About
from headway.serve.batching.rows import Layout, Rows

__all__ = ["LABEL_TYPE", "TYPE", "Came", "Hiding", "Prediction", "event", "label_event", "pseudonym", "sampled"]

TYPE = "dev.headway.prediction"
LABEL_TYPE = "dev.headway.label"
_TRACE = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


class Hiding(Struct, frozen=True, kw_only=True):
    """Columns that are left out of records, and those of which a keyed hash stands there instead."""

    omit: frozenset[str] = frozenset()
    hash: frozenset[str] = frozenset()
    key: bytes = b""


class Prediction(Struct, frozen=True, kw_only=True):
    """A request that was answered: its rows, and the answers from `start` to `stop` of the batch it went in."""

    id: str
    about: About
    at_s: float
    manifest: Manifest
    layout: Layout
    rows: Rows
    answers: Answers
    start: int
    stop: int


class Came(Struct, frozen=True, kw_only=True):
    """A label that came for a row of a prediction; `known` says whether that prediction is one made lately."""

    id: str
    row: int
    label: str | float
    known: bool
    at_s: float
    manifest: Manifest


def sampled(identity: str, share: float) -> bool:
    """Is the prediction of this id among the recorded ones?  Every pod and worker says the same.

    The first eight bytes of the id's SHA-256, as a number, are below that share of 2^64.

    >>> sampled("a", 1.0), sampled("a", 0.0), sampled("a", 0.8), sampled("a", 0.7)
    (True, False, True, False)
    """
    return int.from_bytes(hashlib.sha256(identity.encode(errors="replace")).digest()[:8]) < share * 2**64


def pseudonym(key: bytes, column: str, value: object) -> str | None:
    """HMAC-SHA256 of column and value in hex; null stays null.  Without the key nobody can try values out.

    A text is hashed as it is, a number or boolean as JSON writes it, after the column's name and a zero byte.

    >>> pseudonym(b"k" * 16, "carrier", "UA")[:16], pseudonym(b"k" * 16, "carrier", None)
    ('216886c3c124a0ad', None)
    """
    if value is None or value != value:  # noqa: PLR0124 - only NaN differs from itself
        return None
    told = value.encode() if isinstance(value, str) else msgspec.json.encode(value)
    return hmac.digest(key, column.encode() + b"\0" + told, hashlib.sha256).hex()


def label_event(came: Came, hiding: Hiding) -> bytes:
    """A label's event as one line of JSON; it is hidden as the output is that foretold it."""
    manifest = came.manifest
    output = manifest.signature.outputs[0].name
    label: object = pseudonym(hiding.key, output, came.label) if output in hiding.hash else came.label
    told = {} if output in hiding.omit else {"label": label}
    return msgspec.json.encode(
        {
            **_envelope(LABEL_TYPE, manifest, f"{came.id}/{came.row}", came.at_s),
            "data": {
                "model": manifest.model,
                "prediction": came.id,
                "row": came.row,
                **told,
                "known": came.known,
                "hashed": [output] if output in hiding.hash - hiding.omit else [],
            },
        }
    )


def event(prediction: Prediction, hiding: Hiding) -> bytes:
    """The event as one line of JSON, without the line's end."""
    manifest, trace = prediction.manifest, prediction.about.trace
    shown = {**dict(_inputs(prediction)), **dict(_outputs(prediction))}
    for name in hiding.hash & shown.keys():
        shown[name] = [pseudonym(hiding.key, name, value) for value in shown[name]]
    outputs = {column.name for column in manifest.signature.outputs}
    seen = [name for name in shown if name not in hiding.omit]
    return msgspec.json.encode(
        {
            **_envelope(TYPE, manifest, prediction.id, prediction.at_s),
            **({"traceparent": trace} if _TRACE.fullmatch(trace) else {}),
            "data": {
                "model": manifest.model,
                "version": manifest.version,
                "rows": prediction.rows.count,
                "inputs": {name: shown[name] for name in seen if name not in outputs},
                "outputs": {name: shown[name] for name in seen if name in outputs},
                "omitted": sorted(hiding.omit & shown.keys()),
                "hashed": sorted((hiding.hash - hiding.omit) & shown.keys()),
            },
        }
    )


def _envelope(kind: str, manifest: Manifest, identity: str, at_s: float) -> dict[str, str]:
    return {
        "specversion": "1.0",
        "type": kind,
        "source": f"/v2/models/{manifest.model}/versions/{manifest.version}",
        "id": identity,
        "time": datetime.fromtimestamp(at_s, UTC).isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
    }


def _inputs(prediction: Prediction) -> Iterator[tuple[str, list[Any]]]:
    layout, rows = prediction.layout, prediction.rows
    matrix = np.frombuffer(rows.numbers, np.float64).reshape(rows.count, len(layout.numbers))
    for position, column in enumerate(layout.columns):
        if column.type == "string":
            yield column.name, list(rows.texts[layout.texts.index(position)])
        else:
            made = {"float64": float, "int64": int, "bool": bool}[column.type]
            values = matrix[:, layout.numbers.index(position)].tolist()
            yield column.name, [None if value != value else made(value) for value in values]  # noqa: PLR0124 - NaN


def _outputs(prediction: Prediction) -> Iterator[tuple[str, list[Any]]]:
    answers = prediction.answers
    for name, width in answers.width.items():
        flat = answers.part(name, prediction.start, prediction.stop)
        yield name, flat if width == 1 else [flat[at : at + width] for at in range(0, len(flat), width)]
