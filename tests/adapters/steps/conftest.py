"""One trained workshop a session; tests that alter what they are given make their own."""

from pathlib import Path

import pytest
from tests.adapters.steps.workshop import Workshop

from headway.reconcile.ports import TrainResult


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workshop, TrainResult]:
    made = Workshop(tmp_path_factory.mktemp("workshop"))
    return made, made.trainer.train(made.job())
