"""Which runtime a bundle is answered by."""

from headway.serve.batching.runtime import Runtime
from headway.serve.models.bundle import Opened

__all__ = ["runtime_of"]


def runtime_of(opened: Opened, python: str) -> Runtime:
    """The runtime that the bundle names; its modules are imported only when they are needed."""
    if opened.manifest.runtime == "onnx":
        from headway.serve.runtimes.onnx import OnnxRuntime  # noqa: PLC0415 - the reason above

        return OnnxRuntime(opened)
    from headway.serve.runtimes.process import ProcessRuntime  # noqa: PLC0415 - the reason above

    return ProcessRuntime(opened, python)
