"""Which runtime a bundle is answered by."""

import os

from headway.serve.batching.runtime import Runtime
from headway.serve.models.bundle import Opened

__all__ = ["runtime_of"]


def runtime_of(opened: Opened, python: str) -> Runtime:
    """The runtime that the bundle names; its modules are imported only when they are needed.

    ONNX Runtime writes a data base into the user's cache and sends it to its makers, unless it is told not to before it
    is loaded; a team's own process may load it too.
    """
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    if opened.manifest.runtime == "onnx":
        from headway.serve.runtimes.onnx import OnnxRuntime  # noqa: PLC0415 - the reason above

        return OnnxRuntime(opened)
    from headway.serve.runtimes.process import ProcessRuntime  # noqa: PLC0415 - the reason above

    return ProcessRuntime(opened, python)
