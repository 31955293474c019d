"""LitServe with an API of its own kind: `with_litserve.py PORT MODEL SETTINGS`."""

import json
import sys
from typing import Any

import litserve
import numpy as np
from predict import Predictor


class Forest(litserve.LitAPI):
    """The forest as ONNX; a request may hold several rows, so what is batched is a list of matrices."""

    def setup(self, device: str) -> None:  # noqa: ARG002 - LitServe's signature
        """Load it, in the worker."""
        self.labels = Predictor(sys.argv[2])

    def decode_request(self, request: dict[str, Any]) -> np.ndarray:
        """The rows."""
        return np.asarray(request["rows"], np.float32)

    def batch(self, inputs: list[np.ndarray]) -> list[np.ndarray]:
        """Remember where each request's rows end."""
        return inputs

    def predict(self, rows: np.ndarray | list[np.ndarray]) -> Any:  # noqa: ANN401 - one request or many
        """Labels of the rows, of one request or of each."""
        if isinstance(rows, np.ndarray):
            return self.labels(rows)
        ends = np.cumsum([len(each) for each in rows])[:-1]
        return np.split(self.labels(np.concatenate(rows)), ends)

    def unbatch(self, output: list[np.ndarray]) -> list[np.ndarray]:
        """One request's labels after the other's."""
        return output

    def encode_response(self, output: np.ndarray) -> list[int]:
        """As JSON."""
        return output.tolist()


if __name__ == "__main__":
    told = json.loads(sys.argv[3])
    server = litserve.LitServer(Forest(**told.get("api", {})), **told.get("server", {}))
    server.run(host="127.0.0.1", port=int(sys.argv[1]), generate_client_file=False, **told.get("run", {}))
