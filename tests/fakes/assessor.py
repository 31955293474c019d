"""The port Assessor in memory: a test says what each bundle scores; a bundle that is not in the store fails."""

from tests.fakes.trainer import SIGNATURE

from headway.evidence.measurement import DataFacts, LatencyFacts, Measurement, Metric, Paired, ScanFacts
from headway.evidence.recipe import test_digest
from headway.reconcile.ports import MeasureJob, Store
from headway.spec.gate import LatencyGate, MetricGate

__all__ = ["MemoryAssessor"]

ROWS = 1000


class MemoryAssessor:
    """`points` holds each bundle's score in every metric, 0.7 where a test said nothing."""

    def __init__(self, store: Store) -> None:
        self.points: dict[str, float] = {}
        self._store = store

    def measure(self, job: MeasureJob) -> Measurement:
        """As the port says, at once."""
        empty = Measurement(bundle=job.bundle, test=test_digest(job.lock.spec))
        for bundle in filter(None, (job.bundle, job.live)):
            if not self._store.has(bundle):
                return Measurement(bundle=job.bundle, test=empty.test, failed=f"{bundle} is not in the store")
        gates = [gate for gate in job.gates if isinstance(gate, MetricGate)]
        names = dict.fromkeys(gate.metric for gate in gates)
        return Measurement(
            bundle=job.bundle,
            test=empty.test,
            metrics=tuple(_metric(name, self._point(job.bundle)) for name in names),
            paired=tuple(self._paired(gate, job) for gate in gates if gate.versus and job.live),
            latency=tuple(_latency(gate) for gate in job.gates if isinstance(gate, LatencyGate)),
            data=DataFacts(train=(), test=(), train_rows=4 * ROWS, test_rows=ROWS, leaked_rows=0),
            scans=(ScanFacts(file="model.onnx", sha256="0" * 64, refused=()),),
            signature=SIGNATURE,
            live_signature=SIGNATURE if job.live else None,
            isolation="memory",
        )

    def _point(self, bundle: str) -> float:
        return self.points.get(bundle, 0.7)

    def _paired(self, gate: MetricGate, job: MeasureJob) -> Paired:
        here, there = self._point(job.bundle), self._point(job.live)
        statistics = {
            "difference": here - there,
            "variance": 1e-6,
            "n": float(ROWS),
            "n_positive": 300.0,
            "n_negative": 700.0,
        }
        return Paired(
            name=gate.metric,
            candidate=here,
            live=there,
            live_version=job.live_version,
            rows=ROWS,
            units=ROWS,
            method="delong",
            statistics=statistics,
        )


def _metric(name: str, point: float) -> Metric:
    return Metric(
        name=name,
        point=point,
        low=point - 0.01,
        high=point + 0.01,
        rows=ROWS,
        units=ROWS,
        method="delong",
        constant=0.5,
    )


def _latency(gate: LatencyGate) -> LatencyFacts:
    quantiles = dict.fromkeys(("p50", "p90", "p95", "p99"), 0.001)
    count = round(gate.at * gate.duration)
    return LatencyFacts(offered=gate.at, answered=gate.at, requests=count, failures=0, quantiles=quantiles)
