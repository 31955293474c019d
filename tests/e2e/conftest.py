"""Teams for the end-to-end tests: the environment and the first release are made once, each test gets a copy."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.installed import Installed, pins
from tests.e2e.team import MODEL, TRAIN_PY, Team


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Headway's cache with the training environment in it."""
    folder = tmp_path_factory.mktemp("cache")
    environments = Installed(folder, {})
    environments.converters(environments.interpreter(pins()))
    return folder


@pytest.fixture(scope="session")
def released(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Team:
    """A team with 1.0.0 in production, ended; its second version is trained already, in the cache of steps."""
    made = Team(tmp_path_factory.mktemp("released"), cache)
    try:
        made.found(pins())
        made.start()
        made.await_version("1.0.0")
        made.write(f"models/{MODEL}/train.py", TRAIN_PY.replace("C=1.0", "C=0.5"))
        made.headway("train", MODEL)
        made.git("checkout", "-q", ".")
    finally:
        left = made.end()
    assert left == []
    return made


@pytest.fixture
def new_team(tmp_path: Path, cache: Path) -> Iterator[Team]:
    """A team that has committed its model and started nothing yet; at the end nothing of it may run."""
    made = Team(tmp_path, cache)
    made.found(pins())
    yield made
    assert made.end() == []


@pytest.fixture
def team(tmp_path: Path, released: Team) -> Iterator[Team]:
    """A team with 1.0.0 in production, nothing started; at the end nothing of it may run."""
    made = released.copy(tmp_path)
    yield made
    assert made.end() == []
