"""From answers and labels to metrics, alone and against the live version on the same rows."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import polars as pl

from headway.evidence.bundle import Manifest
from headway.evidence.measurement import Metric, Paired
from headway.reconcile.ports import MeasureJob
from headway.spec.gate import MetricGate
from headway.spec.model import Model
from headway.stats import arrays

__all__ = ["compared", "scored"]

Answered = Mapping[str, Sequence[Any]]


def scored(name: str, model: Model, manifest: Manifest, test: pl.DataFrame, answered: Answered) -> Metric | None:
    """A metric of one version; None where it has no value."""
    found = arrays.score(name, _answers(model, manifest, test, answered))
    return Metric(**msgspec.structs.asdict(found)) if found else None


def compared(
    gate: MetricGate,
    job: MeasureJob,
    candidate: tuple[Manifest, Answered],
    live: tuple[Manifest, Answered],
    test: pl.DataFrame,
) -> Paired | None:
    """Candidate against live; None where the metric has no value."""
    found = arrays.compare(
        gate.metric,
        _answers(job.model, *_with(candidate, test)),
        _answers(job.model, *_with(live, test)),
        ratio=gate.ratio_at_least,
    )
    return Paired(live_version=job.live_version, **msgspec.structs.asdict(found)) if found else None


def _with(side: tuple[Manifest, Answered], test: pl.DataFrame) -> tuple[Manifest, pl.DataFrame, Answered]:
    return side[0], test, side[1]


def _answers(model: Model, manifest: Manifest, test: pl.DataFrame, answered: Answered) -> arrays.Answers:
    spec = model.spec
    truth = test[spec.task.label].to_list()
    units = test[spec.data.unit].to_list() if spec.data.unit else None
    if spec.task.kind == "regression":
        return arrays.answers(truth, answered["prediction"], units=units)
    return arrays.answers(
        truth,
        answered["label"],
        probability=answered.get("probabilities"),
        classes=manifest.classes,
        positive=spec.task.positive,
        units=units,
    )
