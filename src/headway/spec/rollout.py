"""How a new version takes over live traffic, what guards it, and when it is given up."""

from typing import Literal

from msgspec import Struct

from headway.spec.experiment import Ab, Shadow
from headway.spec.freeze import Freeze
from headway.spec.guardrail import ErrorGuardrail, Guardrail
from headway.spec.quantity import Seconds, Share

__all__ = ["Deadline", "Rollout", "Strategies", "WrongAtMost"]

Strategies = Literal["canary", "blue-green", "ab", "shadow", "direct"]


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
        strategy: `canary` rises by stages, `blue-green` compares at half of the traffic, `shadow` answers copies of
            requests and no user, `ab` compares between users and ends with a winner or none, `direct` switches at
            once.
        stages: Percentages of live traffic, rising; promotion follows the last one. Of a `shadow`, those that are
            copied.
        window: How long counts are gathered before each look.
        guardrails: What the candidate is compared by; all of them must show safety.
        ab: Who sees the candidate by the strategy `ab`, and when it has won.
        shadow: How answers are compared by the strategy `shadow`.
        at_least: How long live requests must have been counted before a promotion, however clear the evidence.
        approve_at: Which of the stages, and 100 for the promotion, wait for a person's `headway approve --at`, however
            clear the evidence; the evidence is needed all the same.
        freeze: When no rollout starts, rises or is promoted; harm aborts and the deadline ends at any time.
        wrong_at_most: How often the rollout may decide wrongly.
        deadline: When it ends if it could not decide.
        keep: How long the old version's copies are kept after a promotion.
    """

    strategy: Strategies = "canary"
    stages: tuple[float, ...] = (5.0, 20.0, 50.0)
    window: Seconds = 60.0
    guardrails: tuple[Guardrail, ...] = (ErrorGuardrail(),)
    ab: Ab | None = None
    shadow: Shadow | None = None
    at_least: Seconds = 0.0
    approve_at: tuple[float, ...] = ()
    freeze: tuple[Freeze, ...] = ()
    wrong_at_most: WrongAtMost = WrongAtMost()
    deadline: Deadline = Deadline()
    keep: Seconds = 3600.0
