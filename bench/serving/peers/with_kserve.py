"""KServe's Python server with a minimal model: `with_kserve.py PORT MODEL SETTINGS`."""

import json
import sys
import uuid

from kserve import InferOutput, InferRequest, InferResponse, Model, ModelServer
from predict import Predictor, free_port


class Forest(Model):
    """The forest as ONNX."""

    def __init__(self, model: str) -> None:
        super().__init__("forest")
        self.labels = Predictor(model)
        self.ready = True

    def predict(self, payload: InferRequest, headers: dict[str, str] | None = None) -> InferResponse:  # noqa: ARG002 - KServe's signature
        """Labels of the rows."""
        labels = self.labels(payload.inputs[0].as_numpy())
        output = InferOutput("label", list(labels.shape), "INT64", labels.tolist())
        return InferResponse(payload.id or str(uuid.uuid4()), "forest", [output])


if __name__ == "__main__":
    port, model, settings = sys.argv[1:]
    ModelServer(http_port=int(port), grpc_port=free_port(), **json.loads(settings)).start([Forest(model)])
