"""What every Trainer does, the fake and the real one."""

from pathlib import Path

import pytest
from msgspec import structs
from tests.adapters.steps.workshop import Workshop
from tests.fakes.store import MemoryStore
from tests.fakes.trainer import MemoryTrainer

from headway.evidence.recipe import recipe_digest, train_digest
from headway.reconcile.ports import Store, Trainer, TrainJob


class Bench:
    """A trainer, the store it puts bundles in, and a job for it."""

    def __init__(self, kind: str, place: Path) -> None:
        workshop = Workshop(place)
        fake = MemoryStore()
        self.store: Store = fake if kind == "memory" else workshop.store
        self.trainer: Trainer = MemoryTrainer(fake) if kind == "memory" else workshop.trainer
        self.job: TrainJob = workshop.job()


@pytest.fixture(params=["memory", "local"], scope="module")
def bench(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(request.param, tmp_path_factory.mktemp(request.param))


def test_a_training_gives_a_bundle_in_the_store_under_the_number_it_was_given(bench: Bench) -> None:
    asked = []

    def number(signature: object) -> str:
        asked.append(signature)
        return "3.1.4"

    result = bench.trainer.train(structs.replace(bench.job, number=number))
    assert (result.seen.outcome, result.seen.reason, result.version) == ("ok", "", "3.1.4")
    assert bench.store.has(result.bundle)
    assert asked == [result.seen.signature]
    assert {step.outcome for step in result.seen.steps} == {"ok"}
    assert result.seen.recipe == recipe_digest(bench.job.model, bench.job.files)
    assert result.seen.train == train_digest(bench.job.lock.spec)


def test_the_same_job_is_cached_and_gives_the_same_bundle(bench: Bench) -> None:
    first, second = bench.trainer.train(bench.job), bench.trainer.train(bench.job)
    assert {step.state for step in second.seen.steps} == {"cached"}
    assert (first.bundle, first.version) == (second.bundle, second.version)


def test_another_number_gives_another_bundle(bench: Bench) -> None:
    other = structs.replace(bench.job, number=lambda _signature: "9.0.0")
    assert bench.trainer.train(other).bundle != bench.trainer.train(bench.job).bundle


def test_a_failure_is_a_result_and_is_never_cached(bench: Bench) -> None:
    files = {**bench.job.files, "train.py": b"raise SystemExit(1)"}
    for _ in range(2):
        result = bench.trainer.train(structs.replace(bench.job, files=files))
        assert (result.bundle, result.version, result.seen.outcome) == ("", "", "failed")
        assert result.seen.reason.startswith("it ended with 1")
        (step,) = [step for step in result.seen.steps if step.name == "train"]
        assert (step.state, step.outcome) == ("ran", "failed")
