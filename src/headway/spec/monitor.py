"""What is watched on live traffic, and when a model is trained again."""

from typing import Literal

from msgspec import Struct

from headway.spec.quantity import Seconds, Share

__all__ = ["Drift", "ErrorLimit", "LatencyLimit", "Monitor", "Retrain"]


class Drift(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Alarm when a column's score exceeds the limit and the change is significant, in `of` of the last windows."""

    score_at_most: float = 0.15
    window: Seconds = 3600.0
    rows: int = 1000


class LatencyLimit(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Alarm when the 95th percentile of live latency exceeds the limit."""

    p95_at_most: Seconds


class ErrorLimit(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Alarm when the share of failed requests exceeds the limit."""

    at_most: Share


class Monitor(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The watches of a model."""

    drift: Drift | None = None
    latency: LatencyLimit | None = None
    errors: ErrorLimit | None = None


class Retrain(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """When a retraining starts by itself; runs are at least `at_most_every` apart."""

    when: tuple[Literal["drift", "daily", "weekly", "monthly"], ...] = ()
    at_most_every: Seconds = 24 * 3600.0
