"""Counters of a monitoring system as samples of their guardrails: both arms' bad and all, up to one time."""

import math
from collections.abc import Mapping, Sequence

from headway.evidence.stage import Rollout
from headway.evidence.window import Part, Sample
from headway.reconcile.ports import PortError
from headway.reconcile.scene import Scene
from headway.reconcile.windows import Counter, Reading
from headway.spec.guardrail import MetricGuardrail, title
from headway.stats.counters import Counters, Increment, increment
from headway.stats.counters import Sample as Scraped

__all__ = ["history", "metric", "read"]

# A scrape takes a while, and its samples bear the time at which it began: what is newer is left for the next window.
SETTLED_S = 5.0
# So far back a series has a sample if it is scraped at all; Prometheus itself looks back as far.
BACK_S = 300.0
# A counter of whole things that is further from a whole number counts something else.
WHOLE = 1e-6
# So many minutes of the stable version say how a metric is to be judged, as for what the router counts.
MINUTES, MINUTE_S = 90, 60.0


def read(scene: Scene, guardrail: MetricGuardrail, rollout: Rollout, before: Reading | None) -> Reading | None:
    """Read both arms, going on from the reading before; None when the source does not answer, or not for stable."""
    address = scene.wish.environments[rollout.environment].spec.prometheus
    model = scene.model
    if not address or model is None:
        return None
    at = scene.now - SETTLED_S
    counters: dict[Counter, Counters] = {}
    added: dict[Counter, Increment] = {}
    for version in (rollout.over.version, rollout.candidate.version):
        for which, selector in (("bad", guardrail.prometheus.bad), ("of", guardrail.prometheus.of)):
            arm = (version, which)
            asked = _filled(selector, rollout, version)
            try:
                found = scene.world.metrics.samples(address, asked, at=at, over_s=BACK_S + model.spec.rollout.window)
            except PortError:
                return None
            # A version without a request may have no series yet; stable has, or nobody counts.
            if arm == (rollout.over.version, "of") and not any(found.values()):
                return None
            counters[arm], added[arm] = increment(before.counters.get(arm) if before else None, found, until=at)
    return Reading(counters=counters, added=added)


def metric(guardrail: MetricGuardrail, rollout: Rollout, after: Reading) -> Sample | None:
    """What both arms counted since the reading before; None where that cannot be known for one of them."""
    found = {arm: _whole(each) for arm, each in after.added.items()}
    control, candidate = rollout.over.version, rollout.candidate.version
    # A counter that stable does not show may be a name that nobody counts, which would look like no bad thing at all;
    # the candidate may not have met its first one.
    asked = [(control, "of"), (candidate, "of"), (control, "bad")]
    asked += [(candidate, "bad")] if after.counters[candidate, "bad"].last else []
    silent = any(math.isnan(after.added[arm].until) for arm in asked)
    numbers = [found[version, which] for version in (candidate, control) for which in ("bad", "of")]
    if silent or None in numbers:
        return None
    bad, of, control_bad, control_of = (number or 0 for number in numbers)
    part = Part(name="bad", bad=bad, of=of, control_bad=control_bad, control_of=control_of)
    return Sample(guardrail=title(guardrail), parts=(part,)) if part.sound else None


def history(scene: Scene, guardrail: MetricGuardrail, rollout: Rollout) -> tuple[tuple[int, int], ...]:
    """What the stable version counted in each minute before a rollout: bad ones, and all; only of minutes with any."""
    address = scene.wish.environments[rollout.environment].spec.prometheus
    at, over_s = scene.now - SETTLED_S, MINUTES * MINUTE_S + BACK_S
    found = []
    for selector in (guardrail.prometheus.bad, guardrail.prometheus.of) if address else ():
        asked = _filled(selector, rollout, rollout.over.version)
        try:
            found.append(_by_minute(scene.world.metrics.samples(address, asked, at=at, over_s=over_s), at))
        except PortError:
            return ()
    return tuple((bad or 0, of) for bad, of in zip(*found, strict=True) if of and (bad or 0) <= of)


def _by_minute(found: Mapping[str, Sequence[Scraped]], until: float) -> list[int | None]:
    """The increments of the last minutes; none before the first sample."""
    minutes: list[dict[str, list[Scraped]]] = [{} for _ in range(MINUTES + 1)]
    for name, samples in found.items():
        for one in samples:
            minute = MINUTES - int((until - one.at) // MINUTE_S)
            minutes[max(0, minute)].setdefault(name, []).append(one)
    counters, added = None, []
    for samples_of in minutes:
        if counters or samples_of:
            counters, more = increment(counters, samples_of, until=until)
            added.append(_whole(more))
        else:
            added.append(None)
    return added[1:]


def _whole(added: Increment) -> int | None:
    """An increment as a count; None when it is none, or the source contradicts itself."""
    if added.conflicts or added.unusable or not math.isfinite(added.value):
        return None
    count = round(added.value)
    return count if abs(added.value - count) <= WHOLE * max(1.0, added.value) else None


def _filled(selector: str, rollout: Rollout, version: str) -> str:
    """The selector for one version; what is put in stands between the selector's own quotes."""
    for name, value in (("model", rollout.model), ("environment", rollout.environment), ("version", version)):
        selector = selector.replace("{" + name + "}", value.replace("\\", r"\\").replace('"', r"\""))
    return selector
