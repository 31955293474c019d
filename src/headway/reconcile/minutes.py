"""The minutes of a team's own metric before a rollout: how the stable version's differed says how it is judged."""

from collections.abc import Mapping, Sequence

from headway.evidence.stage import Rollout
from headway.reconcile.metrics import BACK_S, SETTLED_S, filled, whole
from headway.reconcile.ports import PortError
from headway.reconcile.scene import Scene
from headway.spec.guardrail import MetricGuardrail
from headway.stats.counters import Sample, increment

__all__ = ["counted_before"]

# As many as are kept of what the router counts.
MINUTES, MINUTE_S = 90, 60.0


def counted_before(scene: Scene, guardrail: MetricGuardrail, rollout: Rollout) -> tuple[tuple[int, int], ...]:
    """What the stable version counted in each minute with any before a rollout: those asked for, and all."""
    address = scene.wish.environments[rollout.environment].spec.prometheus
    at, over_s = scene.now - SETTLED_S, MINUTES * MINUTE_S + BACK_S
    found = []
    for selector in (guardrail.prometheus.counted, guardrail.prometheus.of) if address else ():
        asked = filled(selector, rollout, rollout.over.version)
        try:
            found.append(_by_minute(scene.world.metrics.samples(address, asked, at=at, over_s=over_s), at))
        except PortError:
            return ()
    return tuple((counted or 0, of) for counted, of in zip(*found, strict=True) if of and (counted or 0) <= of)


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
