"""What is watched on live traffic, and when a model is trained again."""

from typing import Literal

from msgspec import Struct

from headway.spec.quantity import Seconds, Share

__all__ = ["Drift", "ErrorLimit", "LatencyLimit", "Monitor", "Retrain"]


class Drift(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Alarm when a column's values moved away from the training rows, by size and beyond chance.

    Attributes:
        score_at_most: The Jensen-Shannon distance (0 to 1) that a column may have.
        window: How long rows are gathered before each look.
        rows: A window with fewer rows is not judged.
    """

    score_at_most: float = 0.15
    window: Seconds = 3600.0
    rows: int = 1000


class LatencyLimit(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Alarm when live latency is too long.

    Attributes:
        p95_at_most: The longest 95th percentile.
    """

    p95_at_most: Seconds


class ErrorLimit(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Alarm when too many requests fail.

    Attributes:
        at_most: The largest share of failed requests.
    """

    at_most: Share


class Monitor(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The watches of a model.

    Attributes:
        drift: Do inputs move away from the training rows?
        latency: Are answers slow?
        errors: Do requests fail?
    """

    drift: Drift | None = None
    latency: LatencyLimit | None = None
    errors: ErrorLimit | None = None


class Retrain(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """When a model is trained again by itself.

    Attributes:
        when: What makes a retraining due.
        at_most_every: Retrainings are at least so far apart.
    """

    when: tuple[Literal["drift", "daily", "weekly", "monthly"], ...] = ()
    at_most_every: Seconds = 24 * 3600.0
