"""What must hold before a version may be released: one record a gate kind."""

from typing import Literal

from msgspec import Struct

from headway.spec.quantity import PerSecond, Seconds, Share

__all__ = ["METRICS", "Gate", "LatencyGate", "MetricGate", "SignatureGate"]

# Metric -> (tasks that have it, whether more is better).
METRICS: dict[str, tuple[tuple[str, ...], bool]] = {
    "accuracy": (("classification",), True),
    "auc": (("classification",), True),
    "balanced_accuracy": (("classification",), True),
    "f1": (("classification",), True),
    "log_loss": (("classification",), False),
    "brier": (("classification",), False),
    "precision": (("classification",), True),
    "recall": (("classification",), True),
    "mae": (("regression",), False),
    "rmse": (("regression",), False),
    "r2": (("regression",), True),
}


class MetricGate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A bound on a metric, or with `versus: live` a paired comparison on the same rows.

    Attributes:
        metric: The metric; the task says which there are.
        at_least: The version's value must be this or more.
        at_most: The version's value must be this or less.
        versus: Compare with the version that serves live traffic.
        worse_by_at_most: How much worse than the live version is good enough.
        better_by_at_least: How much better than the live version it must be.
        ratio_at_least: How many times the live version's value it must reach.
        alpha: How often an equal version may pass or fail by luck, over all uses of a test set.
    """

    metric: str
    at_least: float | None = None
    at_most: float | None = None
    versus: Literal["live"] | None = None
    worse_by_at_most: float | None = None
    better_by_at_least: float | None = None
    ratio_at_least: float | None = None
    alpha: Share = 0.05


class LatencyGate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A quantile of the serving latency at a stated load, measured with the server that will serve.

    Attributes:
        latency: The quantile.
        at_most: The longest that it may be.
        at: The load: requests a second.
        duration: How long the load lasts.
    """

    latency: Literal["p50", "p90", "p95", "p99"]
    at_most: Seconds
    at: PerSecond = 100.0
    duration: Seconds = 3.0


class SignatureGate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """May a version refuse requests which the live one accepts?

    Attributes:
        signature: `compatible` says no; `any` allows it.
    """

    signature: Literal["compatible", "any"]


Gate = MetricGate | LatencyGate | SignatureGate
