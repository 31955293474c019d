"""Importing is free: no work at import, and the server loads no control plane."""

import subprocess
import sys

import pytest


def modules_after(statement: str) -> set[str]:
    code = f"{statement}; import sys; print('\\n'.join(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    return set(run.stdout.split())


def test_importing_headway_loads_nothing_else() -> None:
    loaded = {name for name in modules_after("import headway") - modules_after("pass") if name.startswith("headway")}
    assert loaded == {"headway"}


def test_the_command_line_loads_no_command_and_no_array_library() -> None:
    loaded = modules_after("import headway.app.cli.main")
    assert not {"numpy", "rich", "httpx", "polars", "yaml", "cryptography"} & loaded


@pytest.mark.parametrize("module", ["overview", "stories", "proving", "asking", "running", "rendering", "checking"])
def test_a_command_that_only_looks_loads_no_large_library(module: str) -> None:
    assert not {"numpy", "polars", "httpx", "onnxruntime"} & modules_after(f"import headway.app.{module}")


def test_a_server_that_speaks_no_grpc_does_not_load_it() -> None:
    assert not {"grpc", "google.protobuf"} & modules_after("import headway.serve.run")
