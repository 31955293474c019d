"""The minutes before a rollout of what is not the router's: how the stable version's differed says how it is judged."""

from collections.abc import Mapping, Sequence
from contextlib import suppress

from headway.decide.rollout.prospects.outlook import Told
from headway.decide.rollout.spread import Counted
from headway.reconcile.metrics import BACK_S, SETTLED_S, filled, whole
from headway.reconcile.past import answered
from headway.reconcile.ports import PortError
from headway.reconcile.scene import Scene
from headway.spec.guardrail import Guardrail, MetricGuardrail, PredictionGuardrail, QualityGuardrail, title
from headway.stats.counters import Sample, increment

__all__ = ["counted_before", "told_of"]

# As many as are kept of what the router counts.
MINUTES, MINUTE_S = 90, 60.0


def counted_before(
    scene: Scene, environment: str, version: str, guardrails: Sequence[Guardrail]
) -> Mapping[str, Sequence[Counted]]:
    """By guardrail, what the stable version counted in each of the last minutes, for each share that is compared.

    None of a guardrail whose counts are the router's, or whose source does not answer.
    """
    found: dict[str, Sequence[Counted]] = {}
    for guardrail in guardrails:
        with suppress(PortError):
            match guardrail:
                case PredictionGuardrail():
                    found[title(guardrail)] = [answered(scene, environment)]
                case QualityGuardrail():
                    found[title(guardrail)] = _by_labels(scene, environment, version, guardrail)
                case MetricGuardrail():
                    found[title(guardrail)] = [_in_prometheus(scene, environment, version, guardrail)]
                case _:
                    pass
    return found


def told_of(counted: Counted) -> Told | None:
    """What these minutes come to; None where nothing was counted in them.

    >>> told_of([(6, 60), (0, 0), (0, 60), (6, 120)])
    Told(share=0.05, known=12, per_s=1.0)
    """
    bad, of = sum(bad for bad, _ in counted), sum(of for _, of in counted)
    return Told(share=bad / of, known=bad, per_s=of / (MINUTE_S * len(counted))) if of else None


def _by_labels(scene: Scene, environment: str, version: str, guardrail: QualityGuardrail) -> Sequence[Counted]:
    """How many of the labelled were wrong, and how many had no label."""
    found = scene.world.labels.minutes(
        scene.facts.model, environment, version, within_s=guardrail.labels_within, now=scene.now, minutes=MINUTES
    )
    return (
        [(minute.wrong, minute.labelled) for minute in found],
        [(minute.of - minute.labelled, minute.of) for minute in found],
    )


def _in_prometheus(scene: Scene, environment: str, version: str, guardrail: MetricGuardrail) -> Counted:
    """Those that are asked for, and all; a minute that contradicts itself is none."""
    address = scene.wish.environments[environment].spec.prometheus
    at, over_s = scene.now - SETTLED_S, MINUTES * MINUTE_S + BACK_S
    found = []
    for selector in (guardrail.prometheus.counted, guardrail.prometheus.of) if address else ():
        asked = filled(selector, scene.facts.model, environment, version)
        found.append(_by_minute(scene.world.metrics.samples(address, asked, at=at, over_s=over_s), at))
    return [(bad or 0, of) for bad, of in zip(*found, strict=True) if of is not None and (bad or 0) <= of]


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
