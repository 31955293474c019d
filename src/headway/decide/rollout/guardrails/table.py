"""Guardrail -> the module of its kind."""

from collections.abc import Mapping
from typing import Any

from headway.decide.rollout.guardrails import errors, latency, metric, predictions, quality
from headway.decide.rollout.guardrails.kind import Kind
from headway.spec.guardrail import (
    ErrorGuardrail,
    Guardrail,
    LatencyGuardrail,
    MetricGuardrail,
    PredictionGuardrail,
    QualityGuardrail,
)

__all__ = ["KINDS", "kind_of"]

KINDS: Mapping[type[Guardrail], Kind[Any]] = {
    ErrorGuardrail: errors,
    LatencyGuardrail: latency,
    PredictionGuardrail: predictions,
    QualityGuardrail: quality,
    MetricGuardrail: metric,
}


def kind_of(guardrail: Guardrail) -> Kind[Any]:
    """The module that reads windows for it."""
    return KINDS[type(guardrail)]
