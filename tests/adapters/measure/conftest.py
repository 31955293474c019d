"""Two versions of a small model, trained once a session."""

import json
from pathlib import Path

import pytest
from msgspec import Struct
from tests.adapters.steps.workshop import Workshop

from headway.adapters.data.facts import facts
from headway.adapters.data.rows import rows
from headway.adapters.measure.assessor import LocalAssessor
from headway.adapters.steps.server import Serving


class Pair(Struct, frozen=True, kw_only=True):
    """A workshop with a good version (`model` is what its program wrote) and one that knows less."""

    workshop: Workshop
    good: str
    weak: str
    model: str


@pytest.fixture(scope="session")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    workshop = Workshop(tmp_path_factory.mktemp("pair"))
    good = workshop.trainer.train(workshop.job())
    weak = workshop.trainer.train(workshop.job({"features.py": b'NAMES = ["temp"]\n'}, version="0.9.0"))
    entry = json.loads((workshop.place / "steps" / f"{good.seen.steps[1].key}.json").read_bytes())
    return Pair(workshop=workshop, good=good.bundle, weak=weak.bundle, model=entry["files"]["model"])


@pytest.fixture
def assessor(pair: Pair, tmp_path: Path) -> LocalAssessor:
    serving = Serving(environments=pair.workshop.environments)
    return LocalAssessor(store=pair.workshop.store, serving=serving, rows=rows, facts=facts, work=tmp_path / "work")
