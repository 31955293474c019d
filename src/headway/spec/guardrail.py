"""What a candidate is compared by on live traffic, each kind told from the others by its first key."""

import re
from typing import Literal

from msgspec import Struct

from headway.spec.quantity import Ratio, Seconds, Share

__all__ = [
    "LATENCY_STEP",
    "LATENCY_TOP_S",
    "ErrorGuardrail",
    "Guardrail",
    "LatencyGuardrail",
    "MetricGuardrail",
    "PredictionGuardrail",
    "QualityGuardrail",
    "Selectors",
    "group_label",
    "matures",
    "parks",
    "title",
]

# Latencies are counted by edges up to so many times apart (decision 0132): a smaller margin may not be seen.
LATENCY_STEP = 1.25
# The last of these edges, in seconds: all that takes longer is equally slow.
LATENCY_TOP_S = 12.0


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
        worse_by_at_most: A candidate is safe when it takes at most this much longer, or `floor`, whichever is wider;
            less than 1.25x cannot be seen.
        floor: A candidate is safe when it takes at most so much longer.
        tolerate: Harm begins beyond this factor of time, or beyond `tolerate_floor`, whichever is wider; rounded up to
            the next edge that the router counts by.
        tolerate_floor: Harm begins beyond so much more time: a version with few requests is colder, on any machine.
        share: How much of `wrong_at_most.abort` is its own, beside the shares of the other guardrails.
    """

    latency: Literal["p50", "p90", "p95", "p99"]
    worse_by_at_most: Ratio = 1.25
    floor: Seconds = 0.01
    tolerate: Ratio = 1.25
    tolerate_floor: Seconds = 0.01
    share: float = 1.0


class PredictionGuardrail(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Compares what the versions answer, without labels: the shares of classes, or of scores above edges.

    Attributes:
        predictions: What is compared: the distribution of predictions.
        differs_by_at_most: A candidate is safe when no share differs by more, to either side.
        tolerate: Harm begins when a share differs by more.
        share: How much of `wrong_at_most.abort` is its own, beside the shares of the other guardrails.
        silence: What happens while the model servers' summaries do not come: `park` takes the candidate's traffic
            away until they do, `hold` leaves it where it is. Neither promotes.
    """

    predictions: Literal["distribution"]
    differs_by_at_most: Share = 0.05
    tolerate: Share = 0.02
    share: float = 1.0
    silence: Literal["park", "hold"] = "park"


class QualityGuardrail(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Compares how often the versions are wrong, by labels that come later.

    A prediction counts when its time for a label is over, whether one came or not; how many got none is compared, too.
    It gates the promotion, not the stages before the last one.

    Attributes:
        quality: What is compared: the share of right answers.
        labels_within: How long after a prediction its label may come.
        worse_by_at_most: A candidate is safe when it is wrong within this factor, or within `floor`, the wider.
        floor: A candidate is safe within so much more.
        tolerate: Harm begins beyond this factor, or beyond `tolerate_floor`, whichever is wider.
        tolerate_floor: Harm begins beyond so much more.
        share: How much it has of the part of `wrong_at_most.abort` that waits for labels: a fifth, if others do not.
    """

    quality: Literal["accuracy"]
    labels_within: Seconds
    worse_by_at_most: Ratio = 1.25
    floor: Share = 0.01
    tolerate: Ratio = 1.1
    tolerate_floor: Share = 0.005
    share: float = 1.0


class Selectors(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Counters in Prometheus, named without functions: Headway takes the raw samples and counts resets itself.

    `{version}`, `{model}` and `{environment}` stand for those of the arm that is asked for.  In an experiment
    (`strategy: ab`) one label is compared with `{group}`, the whole text that an answer's header `headway-group` holds.

    Attributes:
        of: The counter of all things, the bad or good ones among them.
        bad: The counter of the bad ones, such as `orders_declined_total{version="{version}"}`.
        good: In place of `bad`, the counter of those of which more is better, such as orders of visits.
    """

    of: str
    bad: str = ""
    good: str = ""

    @property
    def counted(self) -> str:
        """The counter of those things whose share is compared, good or bad."""
        return self.good or self.bad


class MetricGuardrail(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Compares a share that the team counts itself, technical or of the business, by counters in Prometheus.

    Of good things fewer are worse: by a factor of 1.5x means two thirds of the stable version's share, or fewer.

    Attributes:
        prometheus: The two counters; where Prometheus answers is the environment's to say.
        name: What it is called; nothing: the name of the counter of bad or good things.
        worse_by_at_most: A candidate is safe within this factor, or within `floor`, whichever is wider.
        floor: A candidate is safe within so much more (of good things: less).
        tolerate: Harm begins beyond this factor, or beyond `tolerate_floor`, whichever is wider.
        tolerate_floor: Harm begins beyond so much more (of good things: less).
        share: How much of `wrong_at_most.abort` is its own, beside the shares of the other guardrails.
        silence: What happens while Prometheus does not answer for both versions: `park` takes the candidate's traffic
            away until it does, `hold` leaves it where it is. Neither promotes.
    """

    prometheus: Selectors
    name: str = ""
    worse_by_at_most: Ratio = 1.5
    floor: Share = 0.005
    tolerate: Ratio = 1.1
    tolerate_floor: Share = 0.001
    share: float = 1.0
    silence: Literal["park", "hold"] = "park"


Guardrail = ErrorGuardrail | LatencyGuardrail | PredictionGuardrail | QualityGuardrail | MetricGuardrail


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
        case PredictionGuardrail():
            return "predictions"
        case QualityGuardrail():
            return guardrail.quality
        case MetricGuardrail():
            return guardrail.name or guardrail.prometheus.counted.partition("{")[0].strip()


def group_label(selector: str) -> str:
    """The label by which a selector tells groups of users apart; empty when it tells none, or not by the whole label.

    >>> group_label('orders_total{shop="eu",group="{group}"}'), group_label('orders_total{group="a {group}"}')
    ('group', '')
    """
    found = re.findall(r'([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"\{group\}"', selector, re.ASCII)
    return found[0] if len(found) == selector.count("{group}") == 1 else ""


def matures(guardrail: Guardrail) -> bool:
    """Does it wait for labels?  Then it speaks when a rollout may long be at its last stage.

    >>> matures(QualityGuardrail(quality="accuracy", labels_within=3600.0))
    True
    """
    return isinstance(guardrail, QualityGuardrail)


def parks(guardrail: Guardrail) -> bool:
    """Does the silence of its own source take the candidate's traffic away?  The router's silence always does.

    >>> parks(PredictionGuardrail(predictions="distribution", silence="hold"))
    False
    """
    return isinstance(guardrail, PredictionGuardrail | MetricGuardrail) and guardrail.silence == "park"
