"""What answers for a model here, as the supervisor says: not what only runs."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from headway.adapters.local.words import Answer, Carried, Place, View, Work
from headway.app import serving
from headway.evidence.weights import Backend, Route
from headway.spec.release import Served

KEPT, STABLE = (
    Work(name=f"delay-{version}", version=version, bundle=version * 8, command=("serve",))
    for version in ("1.0.0", "1.1.0")
)


def carried(*weights: tuple[Work, float]) -> Carried:
    backends = tuple(Backend(version=work.version, service=work.name, weight=weight) for work, weight in weights)
    return Carried(route=Route(model="delay", environment="production", backends=backends), works={})


@pytest.mark.parametrize(
    ("force", "answering"),
    [
        (carried((STABLE, 100.0), (KEPT, 0.0)), [STABLE]),
        (carried((STABLE, 100.0)), [STABLE]),
        (carried((STABLE, 80.0), (KEPT, 20.0)), [KEPT, STABLE]),
        (None, [KEPT, STABLE]),
    ],
)
def test_a_version_that_is_kept_runs_and_answers_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, force: Carried | None, answering: list[Work]
) -> None:
    place = Place(model="delay", environment="production", works=(KEPT, STABLE), force=force)
    monkeypatch.setattr(serving, "call", lambda *_: Answer(view=View(place=place)))
    here = SimpleNamespace(bare=False, folder=tmp_path)
    found = serving.serving_here(here)("delay", "production")  # type: ignore[arg-type]
    assert found == tuple(Served(version=work.version, bundle=work.bundle) for work in answering)
