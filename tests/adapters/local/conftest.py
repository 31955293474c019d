"""A runtime in a folder of its own, brought down after the test whatever became of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.adapters.local.kit import local_runtime
from tests.adapters.local.shop import Shop

from headway.adapters.local.runtime import LocalRuntime


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[LocalRuntime]:
    made = local_runtime(tmp_path / "run")
    try:
        yield made
    finally:
        made.shut_down()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    made = Shop(tmp_path)
    try:
        yield made
    finally:
        made.runtime.shut_down()
