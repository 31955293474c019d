"""How a new version takes over live traffic, what guards it, and when it is given up."""

from typing import Literal

from msgspec import Struct

from headway.spec.quantity import Ratio, Seconds, Share

__all__ = ["Deadline", "ErrorGuardrail", "Guardrail", "LatencyGuardrail", "Rollout", "WrongAtMost"]


class ErrorGuardrail(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Compares the share of failed first attempts with that of the stable version at the same time.

    Attributes:
        errors: What is compared: the rate of errors.
        worse_by_at_most: A candidate is safe within this factor, or within `floor`, whichever is wider.
        floor: A candidate is safe within so much more.
        tolerate: Harm begins beyond this factor, or beyond `tolerate_floor`, whichever is wider.
        tolerate_floor: Harm begins beyond so much more.
    """

    errors: Literal["rate"] = "rate"
    worse_by_at_most: Ratio = 1.5
    floor: Share = 0.005
    tolerate: Ratio = 1.1
    tolerate_floor: Share = 0.001


class LatencyGuardrail(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Compares the share of slow requests; the margin scales time, not the share.

    Attributes:
        latency: The quantile up to which latencies are compared.
        worse_by_at_most: A candidate is safe when it takes at most this much longer; less than 1.25x cannot be seen.
        tolerate: Harm begins beyond this factor.
    """

    latency: Literal["p50", "p90", "p95", "p99"]
    worse_by_at_most: Ratio = 1.25
    tolerate: Ratio = 1.1


Guardrail = ErrorGuardrail | LatencyGuardrail


class WrongAtMost(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How often a whole rollout may decide wrongly.

    Attributes:
        abort: A harmless candidate is aborted at most so often.
        promote: A harmful candidate is promoted at most so often.
    """

    abort: Share = 0.01
    promote: Share = 0.05


class Deadline(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """When a rollout that could not decide ends, and how.

    Attributes:
        after: How long after its start.
        then: What happens then.
    """

    after: Seconds = 2 * 3600.0
    then: Literal["rollback"] = "rollback"


class Rollout(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How a new version takes over live traffic, and what guards it.

    Attributes:
        strategy: `canary` rises by stages, `blue-green` compares at half of the traffic, `direct` switches at once;
            `ab` and `shadow` come later.
        stages: Percentages of live traffic, rising; promotion follows the last one.
        window: How long counts are gathered before each look.
        guardrails: What the candidate is compared by; all of them must show safety.
        wrong_at_most: How often the rollout may decide wrongly.
        deadline: When it ends if it could not decide.
        keep: How long the old version's copies are kept after a promotion.
    """

    strategy: Literal["canary", "blue-green", "ab", "shadow", "direct"] = "canary"
    stages: tuple[float, ...] = (5.0, 20.0, 50.0)
    window: Seconds = 60.0
    guardrails: tuple[Guardrail, ...] = (ErrorGuardrail(),)
    wrong_at_most: WrongAtMost = WrongAtMost()
    deadline: Deadline = Deadline()
    keep: Seconds = 3600.0
