"""BentoML with a service of one method: `with_bentoml.py PORT MODEL SETTINGS`."""

import json
import os
import sys
from pathlib import Path

import bentoml
import numpy as np
from predict import Predictor

MODEL, SETTINGS = json.loads(os.environ.get("FOREST") or '["", {}]')


@bentoml.service(**SETTINGS.get("service", {}))
class Forest:
    """The forest as ONNX."""

    def __init__(self) -> None:
        self.labels = Predictor(MODEL)

    @bentoml.api(**SETTINGS.get("api", {}))
    def predict(self, rows: np.ndarray) -> np.ndarray:
        """Labels of the rows."""
        return self.labels(rows)


def main(port: str, model: str, settings: str) -> None:
    """Become BentoML's command; its processes import this module again and read the environment."""
    told = {**os.environ, "FOREST": json.dumps([model, json.loads(settings)]), "BENTOML_DO_NOT_TRACK": "true"}
    folder = str(Path(__file__).parent)
    asked = ["serve", "with_bentoml:Forest", "--working-dir", folder, "--host", "127.0.0.1", "--port", port]
    os.execve(sys.executable, [sys.executable, "-m", "bentoml", *asked], told)  # noqa: S606 - no shell is meant


if __name__ == "__main__":
    main(*sys.argv[1:])
