"""MLflow's scoring server with its own ONNX flavour: `with_mlflow.py PORT MODEL SETTINGS`."""

import json
import os
import sys
from pathlib import Path

import mlflow.onnx
import numpy as np
import onnx
from mlflow.models import ModelSignature
from mlflow.types import Schema, TensorSpec


def main(port: str, model: str, settings: str) -> None:
    """Save the model as MLflow does, into the working folder, and become its command."""
    signature = ModelSignature(inputs=Schema([TensorSpec(np.dtype(np.float32), (-1, 20))]))
    mlflow.onnx.save_model(onnx.load(model), "saved", signature=signature)
    # `models serve` looks for uvicorn on PATH.
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    told = {**os.environ, "PATH": path, "MLFLOW_DISABLE_TELEMETRY": "true"}
    asked = ["models", "serve", "-m", "saved", "--env-manager", "local", "-h", "127.0.0.1", "-p", port]
    os.execve(sys.executable, [sys.executable, "-m", "mlflow", *asked, *json.loads(settings)], told)  # noqa: S606 - no shell is meant


if __name__ == "__main__":
    main(*sys.argv[1:])
