"""The minutes before a rollout of what is not the router's: how the stable version's differed says how it is judged."""

from collections.abc import Mapping, Sequence

from headway.decide.rollout.spread import Counted
from headway.evidence.stage import Rollout
from headway.reconcile.metrics import BACK_S, SETTLED_S, filled, whole
from headway.reconcile.ports import PortError
from headway.reconcile.scene import Scene
from headway.spec.guardrail import Guardrail, MetricGuardrail, QualityGuardrail
from headway.stats.counters import Sample, increment

__all__ = ["counted_before"]

# As many as are kept of what the router counts.
MINUTES, MINUTE_S = 90, 60.0


def counted_before(scene: Scene, guardrail: Guardrail, rollout: Rollout) -> Sequence[Counted]:
    """What the stable version counted in each minute with any before a rollout, for each share that is compared.

    None where a guardrail has its counts from elsewhere, or its source does not answer.
    """
    try:
        match guardrail:
            case MetricGuardrail():
                return [_in_prometheus(scene, guardrail, rollout)]
            case QualityGuardrail():
                return _by_labels(scene, guardrail, rollout)
            case _:
                return []
    except PortError:
        return []


def _by_labels(scene: Scene, guardrail: QualityGuardrail, rollout: Rollout) -> Sequence[Counted]:
    """How many of the labelled were wrong, and how many had no label."""
    found = scene.world.labels.minutes(
        rollout.model,
        rollout.environment,
        rollout.over.version,
        within_s=guardrail.labels_within,
        now=scene.now,
        minutes=MINUTES,
    )
    return (
        [(minute.wrong, minute.labelled) for minute in found if minute.labelled],
        [(minute.of - minute.labelled, minute.of) for minute in found],
    )


def _in_prometheus(scene: Scene, guardrail: MetricGuardrail, rollout: Rollout) -> Counted:
    """Those that are asked for, and all."""
    address = scene.wish.environments[rollout.environment].spec.prometheus
    at, over_s = scene.now - SETTLED_S, MINUTES * MINUTE_S + BACK_S
    found = []
    for selector in (guardrail.prometheus.counted, guardrail.prometheus.of) if address else ():
        asked = filled(selector, rollout, rollout.over.version)
        found.append(_by_minute(scene.world.metrics.samples(address, asked, at=at, over_s=over_s), at))
    return [(counted or 0, of) for counted, of in zip(*found, strict=True) if of and (counted or 0) <= of]


def _by_minute(found: Mapping[str, Sequence[Sample]], until: float) -> list[int | None]:
    """The increments of the last minutes; none before the first sample."""
    minutes: list[dict[str, list[Sample]]] = [{} for _ in range(MINUTES + 1)]
    for name, samples in found.items():
        for one in samples:
            minute = MINUTES - int((until - one.at) // MINUTE_S)
            minutes[max(0, minute)].setdefault(name, []).append(one)
    counters, added = None, []
    for samples_of in minutes:
        if counters or samples_of:
            counters, more = increment(counters, samples_of, until=until)
            added.append(whole(more))
        else:
            added.append(None)
    return added[1:]
