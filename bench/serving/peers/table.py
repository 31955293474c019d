"""The peers: each in the settings that it comes with, and in those that were found best for one row a request."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.serving.environments import environment
from msgspec import Struct

__all__ = ["PEERS", "UNCONVERTED", "Peer"]

HERE = Path(__file__).resolve().parent


class Peer(Struct, frozen=True, kw_only=True):
    """A server to compare with; `settings` go to its program, and the page shows them."""

    name: str
    variant: str
    program: str
    form: str
    settings: Mapping[str, Any] | Sequence[str] = {}

    @property
    def title(self) -> str:
        """Its name in tables."""
        return f"{self.name}, {self.variant}"

    def command(self, port: int, model: Path) -> list[str]:
        """How it is started; makes its environment, and CannotRunError says why that cannot be."""
        python = environment(self.program) / "bin" / "python"
        return [str(python), str(HERE / f"with_{self.program}.py"), str(port), str(model), json.dumps(self.settings)]


QUIET = {"parallel_workers": 0, "metrics_endpoint": None, "debug": False}

PEERS = (
    Peer(name="MLServer", variant="default", program="mlserver", form="matrix"),
    Peer(name="MLServer", variant="0 workers, quiet", program="mlserver", form="matrix", settings={"server": QUIET}),
    Peer(
        name="MLServer",
        variant="0 workers, batch 32",
        program="mlserver",
        form="matrix",
        settings={"server": QUIET, "model": {"max_batch_size": 32, "max_batch_time": 0.002}},
    ),
    Peer(name="KServe", variant="default", program="kserve", form="matrix"),
    Peer(
        name="KServe",
        variant="2 workers, quiet",
        program="kserve",
        form="matrix",
        settings={"workers": 2, "enable_grpc": False, "enable_latency_logging": False},
    ),
    Peer(name="BentoML", variant="default", program="bentoml", form="rows"),
    Peer(
        name="BentoML",
        variant="2 workers, quiet",
        program="bentoml",
        form="rows",
        settings={
            "service": {"workers": 2, "metrics": {"enabled": False}, "logging": {"access": {"enabled": False}}},
        },
    ),
    Peer(
        name="BentoML",
        variant="batch 32",
        program="bentoml",
        form="rows",
        settings={"api": {"batchable": True, "max_batch_size": 32, "max_latency_ms": 1000}},
    ),
    Peer(name="LitServe", variant="default", program="litserve", form="rows"),
    Peer(
        name="LitServe",
        variant="2 workers, fast queue",
        program="litserve",
        form="rows",
        settings={"server": {"workers_per_device": 2, "fast_queue": True}},
    ),
    Peer(
        name="LitServe",
        variant="batch 32, fast queue",
        program="litserve",
        form="rows",
        settings={"server": {"fast_queue": True}, "api": {"max_batch_size": 32, "batch_timeout": 0.002}},
    ),
    Peer(name="MLflow", variant="default", program="mlflow", form="mlflow", settings=[]),
    Peer(
        name="PyTriton",
        variant="batch 32, 0.5 ms",
        program="pytriton",
        form="single precision",
        settings={"max_batch_size": 32, "delay_us": 500},
    ),
)

# The same forest as scikit-learn left it.
UNCONVERTED = (
    Peer(name="MLServer", variant="sklearn, default", program="mlserver", form="matrix"),
    Peer(name="MLServer", variant="sklearn, 0 workers", program="mlserver", form="matrix", settings={"server": QUIET}),
)
