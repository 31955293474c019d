"""From answers and labels to metrics, alone and against the live version on the same rows.  Asks nobody."""

from collections.abc import Sequence

import msgspec
import polars as pl
from msgspec import Struct

from headway.adapters.measure.client import Answered
from headway.evidence.bundle import Manifest
from headway.evidence.measurement import Metric, Paired
from headway.spec.gate import MetricGate
from headway.spec.model import Model
from headway.stats.arrays.answers import Answers, answers
from headway.stats.arrays.comparisons import compare
from headway.stats.arrays.scores import score

__all__ = ["Side", "compared", "scored"]


class Side(Struct, frozen=True, kw_only=True):
    """One version and its answers to the test rows."""

    manifest: Manifest
    answered: Answered


def scored(name: str, model: Model, side: Side, test: pl.DataFrame, seed: int) -> Metric | None:
    """A metric of one version over the rows that it answered; None where it has no value."""
    if not any(side.answered.scored):
        return None
    found = score(name, _answers(model, side, test, side.answered.scored), seed=seed)
    return Metric(**msgspec.structs.asdict(found)) if found else None


def compared(
    gate: MetricGate, model: Model, candidate: Side, live: Side, test: pl.DataFrame, seed: int
) -> Paired | None:
    """Candidate against live over the rows that both answered; None where the metric has no value."""
    both = [a and b for a, b in zip(candidate.answered.scored, live.answered.scored, strict=True)]
    if not any(both):
        return None
    found = compare(
        gate.metric,
        _answers(model, candidate, test, both),
        _answers(model, live, test, both),
        ratio=gate.ratio_at_least,
        seed=seed,
    )
    return Paired(live_version=live.manifest.version, **msgspec.structs.asdict(found)) if found else None


def _answers(model: Model, side: Side, test: pl.DataFrame, mask: Sequence[bool]) -> Answers:
    spec, outputs = model.spec, side.answered.outputs
    kept = test.filter(pl.Series(mask, dtype=pl.Boolean))
    truth = kept[spec.task.label].to_list()
    units = kept[spec.data.unit].cast(pl.String).fill_null("").to_list() if spec.data.unit else None

    def of(name: str) -> list[object]:
        return [value for value, is_kept in zip(outputs[name], mask, strict=True) if is_kept]

    if spec.task.kind == "regression":
        return answers(truth, of("prediction"), units=units)
    return answers(
        truth,
        of("label"),
        probability=of("probabilities") if "probabilities" in outputs else None,  # type: ignore[arg-type]  # lists of numbers, by the server's word
        classes=side.manifest.classes,
        positive=spec.task.positive,
        units=units,
    )
