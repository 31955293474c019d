"""Records of predictions and labels, a line each, as model servers write them."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime

__all__ = ["labelled", "predicted"]


def _envelope(kind: str, identity: str, at: float) -> dict[str, object]:
    return {
        "specversion": "1.0",
        "type": kind,
        "source": "/v2/models/delay/versions/1",
        "id": identity,
        "time": datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
    }


def predicted(identity: str, version: str, answers: Sequence[object], *, at: float) -> bytes:
    data = {"model": "delay", "version": version, "rows": len(answers), "inputs": {}, "outputs": {"label": answers}}
    return json.dumps({**_envelope("dev.headway.prediction", identity, at), "data": data}).encode()


def labelled(identity: str, label: object, *, row: int = 0, at: float) -> bytes:
    data = {"model": "delay", "prediction": identity, "row": row, "label": label, "known": False, "hashed": []}
    return json.dumps({**_envelope("dev.headway.label", f"{identity}/{row}", at), "data": data}).encode()
