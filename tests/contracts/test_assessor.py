"""What every Assessor does, the fake and the real one."""

from pathlib import Path

import pytest
from msgspec import structs
from tests.adapters.steps.workshop import Workshop, model_of
from tests.fakes.assessor import MemoryAssessor
from tests.fakes.store import MemoryStore

from headway.adapters.data.facts import facts
from headway.adapters.data.rows import rows
from headway.adapters.measure.assessor import LocalAssessor
from headway.adapters.steps.server import Serving
from headway.evidence.recipe import test_digest as digest_of_test_rows
from headway.reconcile.ports import Assessor, MeasureJob
from headway.spec.gate import LatencyGate, MetricGate

GATES = (
    MetricGate(metric="auc", at_least=0.6),
    MetricGate(metric="auc", versus="live", worse_by_at_most=0.01),
    LatencyGate(latency="p95", at_most=1.0, at=50.0, duration=0.2),
)


class Bench:
    """An assessor and a job for it."""

    def __init__(self, kind: str, place: Path) -> None:
        workshop = Workshop(place)
        if kind == "memory":
            fake = MemoryStore()
            self.assessor: Assessor = MemoryAssessor(fake)
            bundle = fake.put(b"a bundle")
        else:
            serving = Serving(environments=workshop.environments)
            self.assessor = LocalAssessor(
                store=workshop.store, serving=serving, rows=rows, facts=facts, work=place / "work"
            )
            bundle = workshop.trainer.train(workshop.job()).bundle
        self.job = MeasureJob(model=model_of(), gates=GATES, bundle=bundle, lock=workshop.lock)


@pytest.fixture(params=["memory", "local"], scope="module")
def bench(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(request.param, tmp_path_factory.mktemp(request.param))


def test_what_the_gates_ask_for_is_measured(bench: Bench) -> None:
    found = bench.assessor.measure(bench.job)
    assert (found.failed, found.unscored_rows) == ("", 0)
    assert (found.bundle, found.test) == (bench.job.bundle, digest_of_test_rows(bench.job.lock.spec))
    assert [metric.name for metric in found.metrics] == ["auc"]
    assert found.metrics[0].low <= found.metrics[0].point <= found.metrics[0].high
    assert [(load.offered, load.requests, load.failures) for load in found.latency] == [(50.0, 10, 0)]
    assert not any(scan.refused for scan in found.scans)
    assert found.scans
    assert found.data is not None
    assert found.signature is not None
    assert found.isolation


def test_without_a_live_version_nothing_is_compared(bench: Bench) -> None:
    found = bench.assessor.measure(bench.job)
    assert (found.paired, found.live_signature) == ((), None)


def test_a_version_is_no_better_than_itself(bench: Bench) -> None:
    found = bench.assessor.measure(structs.replace(bench.job, live=bench.job.bundle, live_version="1.0.0"))
    (paired,) = found.paired
    assert (paired.live_version, paired.statistics["difference"]) == ("1.0.0", 0.0)
    assert found.live_signature == found.signature


def test_a_bundle_that_is_not_there_is_told_and_not_raised(bench: Bench) -> None:
    found = bench.assessor.measure(structs.replace(bench.job, bundle="0" * 64))
    assert "is not in the store" in found.failed
    assert found.metrics == ()
