"""Bundles and servers shared by the tests of a session."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.serve.bundles import onnx_classifier, onnx_regressor, python_classifier
from tests.serve.running import Server, serving


@pytest.fixture(scope="session")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return onnx_classifier(tmp_path_factory.mktemp("classifier"))


@pytest.fixture(scope="session")
def regressor(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return onnx_regressor(tmp_path_factory.mktemp("regressor"))


@pytest.fixture(scope="session")
def unconverted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return python_classifier(tmp_path_factory.mktemp("unconverted"))


@pytest.fixture(scope="module")
def server(classifier: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(classifier, tmp_path_factory.mktemp("server"), "--max-body", "100000") as running:
        yield running


@pytest.fixture(scope="module")
def forest(regressor: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(regressor, tmp_path_factory.mktemp("forest")) as running:
        yield running
