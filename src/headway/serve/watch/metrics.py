"""The server's own counters, in memory and as Prometheus text; labels are fixed when the model is loaded."""

import time
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Literal

from msgspec import Struct

from headway.serve.watch.recent import OUTCOMES, Outcome

__all__ = ["BUCKETS_S", "METRICS", "Metric", "Metrics", "page", "text"]

BUCKETS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
_QPS_OVER = 10  # seconds


class Metric(Struct, frozen=True, kw_only=True):
    """One metric: name, type, what it counts, and the labels beside `model` and `version`."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    says: str
    labels: tuple[str, ...] = ()


METRICS = (
    Metric(name="ml_prediction_requests_total", kind="counter", says="Requests for predictions, answered or refused."),
    Metric(
        name="ml_prediction_errors_total",
        kind="counter",
        says="Requests for predictions that got no 2xx answer; bad input counts too.",
    ),
    Metric(
        name="ml_prediction_latency_seconds",
        kind="histogram",
        says="Seconds from the last byte of a request to its answer.",
    ),
    Metric(
        name="ml_prediction_qps",
        kind="gauge",
        says=f"Requests for predictions a second, over the last {_QPS_OVER} seconds.",
    ),
    Metric(
        name="ml_feedback_labels_total",
        kind="counter",
        says="Labels that came for predictions, by what became of them.",
        labels=("outcome",),
    ),
    Metric(
        name="ml_model_drift_score",
        kind="gauge",
        says="Jensen-Shannon distance (0 to 1) of the last one to two hours from the reference, from 1,000 rows on.",
        labels=("column",),
    ),
)


def page() -> str:
    """The reference page, docs/reference/metrics.md."""
    rows = [
        f"| `{metric.name}` | {metric.kind} | {', '.join(('model', 'version', *metric.labels))} | {metric.says} |"
        for metric in METRICS
    ]
    return "\n".join(
        [
            "# Metrics",
            "",
            "Every model server answers `GET /metrics` in Prometheus' text format. `model` and `version` are fixed",
            "when the bundle is loaded; counters begin at zero when it is loaded.",
            "",
            "| metric | type | labels | what it says |",
            "|---|---|---|---|",
            *rows,
            "",
            f"Buckets of the histogram, in seconds: {', '.join(f'{edge:g}' for edge in BUCKETS_S)}.",
            "",
        ]
    )


class Metrics:
    """Counters of one process.  `drift` gives the score of each column that has one."""

    def __init__(self, model: str, version: str, drift: Callable[[], Mapping[str, float]]) -> None:
        self._labels = f'model="{_escaped(model)}",version="{_escaped(version)}"'
        self._drift = drift
        self._requests = 0
        self._errors = 0
        self._seconds = 0.0
        self._buckets = [0] * (len(BUCKETS_S) + 1)
        self._labelled = dict.fromkeys(OUTCOMES, 0)
        self._past = deque([(time.perf_counter(), 0)], maxlen=_QPS_OVER + 1)

    def count(self, seconds: float, *, ok: bool) -> None:
        """A request was answered after so many seconds."""
        self._requests += 1
        if not ok:
            self._errors += 1
        self._seconds += seconds
        self._buckets[bisect_left(BUCKETS_S, seconds)] += 1

    def label(self, outcome: Outcome) -> None:
        """A label came for a prediction."""
        self._labelled[outcome] += 1

    def tick(self) -> None:
        """Once a second, for the rate."""
        self._past.append((time.perf_counter(), self._requests))

    def samples(self) -> Mapping[str, list[str]]:
        """What is to be shown, by metric: labels and value."""
        begin, before = self._past[0]
        rate = (self._requests - before) / max(time.perf_counter() - begin, 1e-3)
        own = self._labels
        return {
            "ml_prediction_requests_total": [f"{{{own}}} {self._requests}"],
            "ml_prediction_errors_total": [f"{{{own}}} {self._errors}"],
            "ml_prediction_latency_seconds": self._histogram(),
            "ml_prediction_qps": [f"{{{own}}} {rate:.3f}"],
            "ml_feedback_labels_total": [
                f'{{{own},outcome="{outcome}"}} {count}' for outcome, count in self._labelled.items()
            ],
            "ml_model_drift_score": [
                f'{{{own},column="{_escaped(name)}"}} {score:.6g}' for name, score in self._drift().items()
            ],
        }

    def _histogram(self) -> list[str]:
        lines, total = [], 0
        for edge, count in zip((*BUCKETS_S, "+Inf"), self._buckets, strict=True):
            total += count
            lines.append(f'_bucket{{{self._labels},le="{edge}"}} {total}')
        return [*lines, f"_sum{{{self._labels}}} {self._seconds:.9g}", f"_count{{{self._labels}}} {total}"]


def text(models: Iterable[Metrics]) -> str:
    """Everything of all models in Prometheus' text format, version 0.0.4."""
    samples = [metrics.samples() for metrics in models]
    lines: list[str] = []
    for metric in METRICS:
        lines += [f"# HELP {metric.name} {metric.says}", f"# TYPE {metric.name} {metric.kind}"]
        lines += [metric.name + sample for each in samples for sample in each[metric.name]]
    return "\n".join([*lines, ""])


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
