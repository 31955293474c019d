"""Guardrail -> what is expected of its kind.  Knows no deadline."""

from collections.abc import Callable, Mapping
from typing import Any

from headway.decide.rollout.prospects import errors, latency, shares
from headway.decide.rollout.prospects.outlook import Arms, Outlook, Traffic
from headway.spec.guardrail import (
    ErrorGuardrail,
    Guardrail,
    LatencyGuardrail,
    MetricGuardrail,
    PredictionGuardrail,
    QualityGuardrail,
)

__all__ = ["outlook"]

OUTLOOKS: Mapping[type[Guardrail], Callable[[Any, Traffic, Arms], Outlook | None]] = {
    ErrorGuardrail: errors.outlook,
    LatencyGuardrail: latency.outlook,
    MetricGuardrail: shares.outlook,
    QualityGuardrail: shares.outlook,
    PredictionGuardrail: shares.outlook,
}


def outlook(guardrail: Guardrail, traffic: Traffic, requests: float, weight: float) -> Outlook | None:
    """What a window with so many requests tells at a weight in percent; None where nothing is known of it beforehand.

    Latencies need counts by edges, and enough of them to choose edges by; other kinds what their source told.
    """
    of = requests * weight / 100.0
    return OUTLOOKS[type(guardrail)](guardrail, traffic, (of, requests - of))
