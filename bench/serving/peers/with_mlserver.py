"""MLServer: it brings no ONNX runtime, so here is one; `with_mlserver.py PORT MODEL SETTINGS`."""

import json
import os
import sys
from pathlib import Path

from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse
from predict import Predictor, free_port


class Forest(MLModel):
    """The forest as ONNX."""

    async def load(self) -> bool:
        """Load it."""
        self.labels = Predictor(self.settings.parameters.uri)
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """Labels of the rows."""
        labels = self.labels(NumpyCodec.decode_input(payload.inputs[0]))
        return InferenceResponse(model_name=self.name, outputs=[NumpyCodec.encode_output("label", labels)])


def main(port: str, model: str, settings: str) -> None:
    """Write MLServer's two files into the working folder and become its command."""
    asked = json.loads(settings)
    ports = {"http_port": int(port), "grpc_port": free_port(), "metrics_port": free_port()}
    kind = "with_mlserver.Forest" if model.endswith(".onnx") else "mlserver_sklearn.SKLearnModel"
    served = {"name": "forest", "implementation": kind, "parameters": {"uri": model}, **asked.get("model", {})}
    Path("settings.json").write_text(json.dumps(ports | asked.get("server", {})))
    Path("model-settings.json").write_text(json.dumps(served))
    told = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    os.execve(sys.executable, [sys.executable, "-m", "mlserver.cli.main", "start", "."], told)  # noqa: S606 - no shell is meant


if __name__ == "__main__":
    main(*sys.argv[1:])
