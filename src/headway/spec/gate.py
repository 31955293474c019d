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
    """An absolute gate (`at_least`, `at_most`), or with `versus: live` a paired comparison on the same rows."""

    metric: str
    at_least: float | None = None
    at_most: float | None = None
    versus: Literal["live"] | None = None
    worse_by_at_most: float | None = None
    better_by_at_least: float | None = None
    ratio_at_least: float | None = None
    alpha: Share = 0.05


class LatencyGate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A quantile of the serving latency at a stated load, measured with the server that will serve."""

    latency: Literal["p50", "p90", "p95", "p99"]
    at_most: Seconds
    at: PerSecond = 100.0
    duration: Seconds = 3.0


class SignatureGate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """May a version refuse requests which the live one accepts?  `compatible` says no; `any` allows it."""

    signature: Literal["compatible", "any"]


Gate = MetricGate | LatencyGate | SignatureGate
