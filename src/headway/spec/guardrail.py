"""What a candidate is compared by on live traffic, each kind told from the others by its first key."""

from typing import Literal

from msgspec import Struct

from headway.spec.quantity import Ratio, Share

__all__ = ["ErrorGuardrail", "Guardrail", "LatencyGuardrail", "title"]


class ErrorGuardrail(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Compares the share of failed first attempts with that of the stable version at the same time.

    Attributes:
        errors: What is compared: the rate of errors.
        worse_by_at_most: A candidate is safe within this factor, or within `floor`, whichever is wider.
        floor: A candidate is safe within so much more.
        tolerate: Harm begins beyond this factor, or beyond `tolerate_floor`, whichever is wider.
        tolerate_floor: Harm begins beyond so much more.
        share: How much of `wrong_at_most.abort` is its own, beside the shares of the other guardrails.
    """

    errors: Literal["rate"] = "rate"
    worse_by_at_most: Ratio = 1.5
    floor: Share = 0.005
    tolerate: Ratio = 1.1
    tolerate_floor: Share = 0.001
    share: float = 1.0


class LatencyGuardrail(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Compares the share of slow requests; the margin scales time, not the share.

    Attributes:
        latency: The quantile up to which latencies are compared.
        worse_by_at_most: A candidate is safe when it takes at most this much longer; less than 1.25x cannot be seen.
        tolerate: Harm begins beyond this factor.
        share: How much of `wrong_at_most.abort` is its own, beside the shares of the other guardrails.
    """

    latency: Literal["p50", "p90", "p95", "p99"]
    worse_by_at_most: Ratio = 1.25
    tolerate: Ratio = 1.1
    share: float = 1.0


Guardrail = ErrorGuardrail | LatencyGuardrail


def title(guardrail: Guardrail) -> str:
    """A guardrail's name in sentences.

    >>> title(LatencyGuardrail(latency="p95"))
    'latency p95'
    """
    match guardrail:
        case ErrorGuardrail():
            return "errors"
        case LatencyGuardrail():
            return f"latency {guardrail.latency}"
