"""The one function that every peer calls: labels of rows by ONNX Runtime, on one thread."""

import socket

import numpy as np
import onnxruntime

__all__ = ["Predictor", "free_port"]


class Predictor:
    """Rows x 20 to labels; a worker process that is sent one loads the model for itself."""

    def __init__(self, model: str) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.model = model
        self.session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self.names = [self.session.get_outputs()[0].name]

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        """Labels of the rows."""
        return self.session.run(self.names, {"X": np.asarray(rows, np.float32)})[0]

    def __reduce__(self) -> tuple[type, tuple[str]]:
        return Predictor, (self.model,)


def free_port() -> int:
    """For a listener that nobody asks here, gRPC or metrics."""
    with socket.socket() as own:
        own.bind(("127.0.0.1", 0))
        return int(own.getsockname()[1])
