"""How a new version takes over live traffic, what guards it, and when it is given up."""

from typing import Literal

from msgspec import Struct

from headway.spec.quantity import Ratio, Seconds, Share

__all__ = ["Deadline", "ErrorGuardrail", "Guardrail", "LatencyGuardrail", "Rollout", "WrongAtMost"]


class ErrorGuardrail(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Compare the share of failed first attempts with the concurrent control."""

    errors: Literal["rate"] = "rate"
    worse_by_at_most: Ratio = 1.5
    floor: Share = 0.005
    tolerate: Ratio = 1.1
    tolerate_floor: Share = 0.001


class LatencyGuardrail(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Compare the share of slow requests; the margin scales time, not the share."""

    latency: Literal["p50", "p90", "p95", "p99"]
    worse_by_at_most: Ratio = 1.25
    tolerate: Ratio = 1.1


Guardrail = ErrorGuardrail | LatencyGuardrail


class WrongAtMost(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Error rates of the whole rollout: a harmless candidate aborted, a harmful one promoted."""

    abort: Share = 0.01
    promote: Share = 0.05


class Deadline(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """When a rollout that could not decide ends, and how."""

    after: Seconds = 2 * 3600.0
    then: Literal["rollback"] = "rollback"


class Rollout(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A release strategy with its stages (percent of live traffic) and its guardrails."""

    strategy: Literal["canary", "blue-green", "ab", "shadow", "direct"] = "canary"
    stages: tuple[float, ...] = (5.0, 20.0, 50.0)
    window: Seconds = 60.0
    guardrails: tuple[Guardrail, ...] = (ErrorGuardrail(),)
    wrong_at_most: WrongAtMost = WrongAtMost()
    deadline: Deadline = Deadline()
    keep: Seconds = 3600.0
