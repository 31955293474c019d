"""The server's counters for one version of a model, and all of them as Prometheus text.

Labels and reasons are fixed when the model is loaded.  Counters lie in the block that all workers share, so what any
worker shows is the sum.
"""

import time
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal

from msgspec import Struct

from headway.serve.fault import REASONS
from headway.serve.watch.block import Block
from headway.serve.watch.recent import OUTCOMES, Outcome

__all__ = ["BUCKETS_S", "DROPPED", "METRICS", "Metric", "Metrics", "page", "text"]

BUCKETS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
BATCH_ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 1024, 4096)
# Why a record of a prediction was not written.
DROPPED: Mapping[str, str] = {
    "queue_full": "more were made than the sink took",
    "too_large": "the record alone is beyond the limit",
    "unwritable": "the file could not be written: full disk, no right, no folder",
    "refused": "the sink answered that it does not take it",
    "ended": "the server ended while the sink was away",
}
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
        name="ml_prediction_rejects_total",
        kind="counter",
        says="The same errors by reason.",
        labels=("reason",),
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
    Metric(name="ml_prediction_batch_rows", kind="histogram", says="Rows of a call of the model."),
    Metric(name="ml_prediction_queue_rows", kind="gauge", says="Rows that wait for the model, at most a second ago."),
    Metric(name="ml_prediction_records_total", kind="counter", says="Records of predictions and labels, written."),
    Metric(
        name="ml_prediction_records_dropped_total",
        kind="counter",
        says="Records of predictions and labels that were lost, by reason.",
        labels=("reason",),
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

# Where each counter lies in the region of a version.
_SECONDS = 0  # a float64, unlike the others
_LATENCY = 1
_REJECTS = _LATENCY + len(BUCKETS_S) + 1
_ROWS = _REJECTS + len(REASONS)
_BATCHES = _ROWS + 1
_QUEUE = _BATCHES + len(BATCH_ROWS) + 1
_KEPT = _QUEUE + 1
_DROPPED = _KEPT + 1
_LABELS = _DROPPED + len(DROPPED)
_WORDS = _LABELS + len(OUTCOMES)
_REASON = {reason: _REJECTS + at for at, reason in enumerate(REASONS)}
_OUTCOME = {outcome: _LABELS + at for at, outcome in enumerate(OUTCOMES)}
_DROP = {reason: _DROPPED + at for at, reason in enumerate(DROPPED)}


class Metrics:
    """Counters of one version.  `drift` gives the score of each column that has one, `waiting` the rows in the queue.

    Give it back when the version is unloaded; loaded again, it counts on.
    """

    def __init__(
        self,
        block: Block,
        model: str,
        version: str,
        *,
        drift: Callable[[], Mapping[str, float]] = dict,
        waiting: Callable[[], int] = int,
    ) -> None:
        self._labels = f'model="{_escaped(model)}",version="{_escaped(version)}"'
        self._drift = drift
        self._waiting = waiting
        self._block = block
        self._region = block.region(f"metrics\n{model}\n{version}", _WORDS)
        self._words = self._region.own
        self._seconds = _floats(self._words)
        self._words[_QUEUE] = 0  # of a worker that died
        self._past = deque([(time.perf_counter(), self._requests())], maxlen=_QPS_OVER + 1)

    def count(self, seconds: float, reason: str = "") -> None:
        """A request was answered after so many seconds; `reason`, one of REASONS, when it got no prediction."""
        words = self._words
        self._seconds[_SECONDS] += seconds  # a third of the cost of an integer that grows beyond 30 bits
        words[_LATENCY + bisect_left(BUCKETS_S, seconds)] += 1
        if reason:
            words[_REASON[reason]] += 1

    def batch(self, rows: int) -> None:
        """The model was asked for so many rows at once."""
        self._words[_ROWS] += rows
        self._words[_BATCHES + bisect_left(BATCH_ROWS, rows)] += 1

    def record(self, reason: str = "", count: int = 1) -> None:
        """Records of predictions were written, or dropped for one of DROPPED.

        Another thread may call it, for reasons of its own: each word has one writer.
        """
        self._words[_DROP[reason] if reason else _KEPT] += count

    def label(self, outcome: Outcome) -> None:
        """A label came for a prediction."""
        self._words[_OUTCOME[outcome]] += 1

    def tick(self) -> None:
        """Once a second, for the rate and for what other workers show of this one's queue."""
        self._words[_QUEUE] = self._waiting()
        self._past.append((time.perf_counter(), self._requests()))

    def close(self) -> None:
        """The version is unloaded."""
        self._words[_QUEUE] = 0
        self._block.give_back(self._region)

    def samples(self) -> Mapping[str, Sequence[str]]:
        """What follows each metric's name, line by line, in Prometheus' text format."""
        self._words[_QUEUE] = self._waiting()
        words, own = self._region.total(), self._labels
        rejects, dropped = words[_REJECTS:_ROWS], words[_DROPPED:_LABELS]
        requests = sum(words[_LATENCY:_REJECTS])
        seconds = sum(_floats(part)[_SECONDS] for part in self._region.parts())
        begin, before = self._past[0]
        rate = (requests - before) / max(time.perf_counter() - begin, 1e-3)
        return {
            "ml_prediction_requests_total": [f"{{{own}}} {requests}"],
            "ml_prediction_errors_total": [f"{{{own}}} {sum(rejects)}"],
            "ml_prediction_rejects_total": self._by("reason", zip(REASONS, rejects, strict=True)),
            "ml_prediction_latency_seconds": self._histogram(BUCKETS_S, words[_LATENCY:_REJECTS], seconds),
            "ml_prediction_qps": [f"{{{own}}} {rate:.3f}"],
            "ml_prediction_batch_rows": self._histogram(BATCH_ROWS, words[_BATCHES:_QUEUE], words[_ROWS]),
            "ml_prediction_queue_rows": [f"{{{own}}} {words[_QUEUE]}"],
            "ml_prediction_records_total": [f"{{{own}}} {words[_KEPT]}"],
            "ml_prediction_records_dropped_total": self._by("reason", zip(DROPPED, dropped, strict=True)),
            "ml_feedback_labels_total": self._by("outcome", zip(OUTCOMES, words[_LABELS:], strict=True)),
            "ml_model_drift_score": self._by("column", self._drift().items()),
        }

    def _requests(self) -> int:
        return sum(self._region.total()[_LATENCY:_REJECTS])

    def _by(self, label: str, values: Iterable[tuple[str, float]]) -> list[str]:
        return [f'{{{self._labels},{label}="{_escaped(name)}"}} {value:.15g}' for name, value in values]

    def _histogram(self, edges: Sequence[float], counts: Sequence[int], total: float) -> list[str]:
        lines, below = [], 0
        for edge, count in zip((*edges, "+Inf"), counts, strict=True):
            below += count
            lines.append(f'_bucket{{{self._labels},le="{edge}"}} {below}')
        return [*lines, f"_sum{{{self._labels}}} {total:.15g}", f"_count{{{self._labels}}} {below}"]


def text(versions: Iterable[Metrics]) -> str:
    """All versions in Prometheus' text format 0.0.4: each metric's lines stand together, as the format demands."""
    shown = [version.samples() for version in versions]
    lines: list[str] = []
    for metric in METRICS:
        lines += [f"# HELP {metric.name} {metric.says}", f"# TYPE {metric.name} {metric.kind}"]
        lines += [metric.name + sample for samples in shown for sample in samples[metric.name]]
    return "\n".join([*lines, ""])


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
            "when a version is loaded. Counters begin at zero with the server. With several workers any of them shows",
            "the sum of all, a worker that died included. The series of an unloaded version are no longer shown;",
            "when it is loaded again they go on where they were.",
            "",
            "| metric | type | labels | what it says |",
            "|---|---|---|---|",
            *rows,
            "",
            f"Buckets of `ml_prediction_latency_seconds`: {', '.join(f'{edge:g}' for edge in BUCKETS_S)}.",
            f"Buckets of `ml_prediction_batch_rows`: {', '.join(f'{edge:g}' for edge in BATCH_ROWS)}.",
            "",
            *_reasons("ml_prediction_rejects_total", REASONS),
            *_reasons("ml_prediction_records_dropped_total", DROPPED),
        ]
    )


def _reasons(metric: str, reasons: Mapping[str, str]) -> list[str]:
    rows = [f"| `{reason}` | {says} |" for reason, says in reasons.items()]
    return [f"| `reason` of `{metric}` | when |", "|---|---|", *rows, ""]


def _floats(words: memoryview) -> "memoryview[float]":
    """The same memory, each word read as a float64."""
    return words.cast("B").cast("d")


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
