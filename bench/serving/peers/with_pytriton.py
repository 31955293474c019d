"""Triton through PyTriton: `with_pytriton.py PORT MODEL SETTINGS`."""

import json
import sys

import numpy as np
from predict import Predictor, free_port
from pytriton.decorators import batch
from pytriton.model_config import DynamicBatcher, ModelConfig, Tensor
from pytriton.triton import Triton, TritonConfig


def main(port: str, model: str, settings: str) -> None:
    """Bind the forest and serve."""
    asked, labels = json.loads(settings), Predictor(model)

    @batch
    def infer(X: np.ndarray) -> dict[str, np.ndarray]:  # noqa: N803 - the tensor's name
        return {"label": labels(X).reshape(-1, 1)}

    ports = TritonConfig(http_port=int(port), grpc_port=free_port(), metrics_port=free_port(), http_address="127.0.0.1")
    batcher = DynamicBatcher(max_queue_delay_microseconds=asked["delay_us"])
    with Triton(config=ports) as triton:
        triton.bind(
            model_name="forest",
            infer_func=infer,
            inputs=[Tensor(name="X", dtype=np.float32, shape=(20,))],
            outputs=[Tensor(name="label", dtype=np.int64, shape=(1,))],
            config=ModelConfig(max_batch_size=asked["max_batch_size"], batcher=batcher),
        )
        triton.serve()


if __name__ == "__main__":
    main(*sys.argv[1:])
