"""Counters of a monitoring system as samples of their guardrails: what all arms counted, up to one time."""

import math
import re
from collections.abc import Mapping, Sequence

import msgspec
from msgspec import structs

from headway.evidence.stage import Rollout
from headway.evidence.window import Arm, Count, Groups, Part, Sample
from headway.reconcile.ports import PortError
from headway.reconcile.scene import Scene
from headway.reconcile.windows import Counter, Reading
from headway.render.traffic.envoy.names import GROUPS, group_name
from headway.spec.guardrail import MetricGuardrail, group_label, title
from headway.spec.rollout import Rollout as Wish
from headway.stats.counters import Counters, Increment, increment
from headway.stats.counters import Sample as Scraped

__all__ = ["BACK_S", "SETTLED_S", "by_groups", "filled", "metric", "read", "whole"]

# A scrape takes a while, and its samples bear the time at which it began: what is newer is left for the next window.
SETTLED_S = 5.0
# So far back a series has a sample if it is scraped at all; Prometheus itself looks back as far.
BACK_S = 300.0
# A counter of whole things that is further from a whole number counts something else.
WHOLE = 1e-6
# No group of users: all of them.
ALL = ""

# Series by their labels, with their samples.
Found = Mapping[str, Sequence[Scraped]]


def read(scene: Scene, guardrail: MetricGuardrail, rollout: Rollout, before: Reading | None) -> Reading | None:
    """Read all arms, going on from the reading before; None when the source does not answer, or not for stable."""
    address = scene.wish.environments[rollout.environment].spec.prometheus
    model = scene.model
    if not address or model is None:
        return None
    at = scene.now - SETTLED_S
    counters: dict[Counter, Counters] = {}
    added: dict[Counter, Increment] = {}
    for version in (rollout.over.version, *_living(rollout)):
        for which, selector in (("counted", guardrail.prometheus.counted), ("of", guardrail.prometheus.of)):
            asked = filled(selector, rollout.model, rollout.environment, version)
            try:
                found = scene.world.metrics.samples(address, asked, at=at, over_s=BACK_S + model.spec.rollout.window)
            except PortError:
                return None
            # A version without a request may have no series yet; stable has, or nobody counts.
            if (version, which) == (rollout.over.version, "of") and not any(found.values()):
                return None
            for group, series in _by_group(found, group_label(selector), version).items():
                arm = (version, which, group)
                counters[arm], added[arm] = increment(before.counters.get(arm) if before else None, series, until=at)
    return Reading(counters=counters, added=added)


def metric(guardrail: MetricGuardrail, rollout: Rollout, after: Reading) -> Sample | None:
    """What both arms counted since the reading before; None where that cannot be known for one of them."""
    found = _counts(rollout, after, (ALL,))
    if found is None:
        return None
    (mine,), (control,) = found[rollout.candidate.version], found[rollout.over.version]
    part = Part(
        name="good" if guardrail.prometheus.good else "bad",
        bad=mine.counted,
        of=mine.of,
        control_bad=control.counted,
        control_of=control.of,
    )
    return Sample(guardrail=title(guardrail), parts=(part,)) if part.sound else None


def by_groups(wish: Wish, rollout: Rollout, readings: Mapping[str, Reading], groups: Groups) -> Groups:
    """The counts by groups with those of the team, nothing of a guardrail where they cannot be known for all arms.

    That they can be counts is asked of their sums: what is counted, as an order, may come later than what it is of.
    """
    metrics = [_of_groups(guard, rollout, readings) for guard in wish.guardrails if isinstance(guard, MetricGuardrail)]

    def with_them(version: str, arms: Sequence[Arm]) -> tuple[Arm, ...]:
        return tuple(
            structs.replace(arm, metrics=tuple(each[version][number] for each in metrics))
            for number, arm in enumerate(arms)
        )

    others = {version: with_them(version, arms) for version, arms in groups.others.items()}
    return Groups(
        control=with_them(rollout.over.version, groups.control),
        candidate=with_them(rollout.candidate.version, groups.candidate),
        others=others,
    )


def _of_groups(
    guardrail: MetricGuardrail, rollout: Rollout, readings: Mapping[str, Reading]
) -> Mapping[str, Sequence[Count]]:
    after = readings.get(title(guardrail))
    found = _counts(rollout, after, tuple(str(number) for number in range(GROUPS))) if after else None
    versions = (rollout.over.version, *(arm.version for arm in rollout.arms))
    return dict.fromkeys(versions, (Count(counted=0, of=0),) * GROUPS) | dict(found or {})


def _living(rollout: Rollout) -> Sequence[str]:
    """The versions that are compared with stable, without those that have left an experiment."""
    return [arm.version for arm in rollout.arms if arm.version not in rollout.dropped]


def _counts(rollout: Rollout, after: Reading, groups: Sequence[str]) -> Mapping[str, Sequence[Count]] | None:
    """What was counted since the reading before, by version and group; None where that cannot be known for one."""
    control, candidates = rollout.over.version, _living(rollout)
    # A counter that stable does not show may be a name that nobody counts, which would look like no bad thing at all;
    # a candidate may not have met its first one.
    shown = [one for one in candidates if any(after.counters[one, "counted", each].last for each in groups)]
    asked = [(one, "of") for one in (control, *candidates)] + [(one, "counted") for one in (control, *shown)]
    if any(all(math.isnan(after.added[*arm, each].until) for each in groups) for arm in asked):
        return None
    found: dict[str, list[Count]] = {}
    for version in (control, *candidates):
        for each in groups:
            counted, of = (whole(after.added[version, which, each]) for which in ("counted", "of"))
            if counted is None or of is None:
                return None
            found.setdefault(version, []).append(Count(counted=counted, of=of))
    return found


def _by_group(found: Found, label: str, version: str) -> Mapping[str, Found]:
    """Series by the group of users that they count, each group of the version there; all together without a label."""
    if not label:
        return {ALL: found}
    numbers = {group_name(version, number): str(number) for number in range(GROUPS)}
    groups: dict[str, dict[str, Sequence[Scraped]]] = {number: {} for number in numbers.values()}
    for name, samples in found.items():
        told = dict(msgspec.json.decode(name, type=list[tuple[str, str]])).get(label, "")
        if told in numbers:
            groups[numbers[told]][name] = samples
    return groups


def whole(added: Increment) -> int | None:
    """An increment as a count; None when it is none, or the source contradicts itself."""
    if added.conflicts or added.unusable or not math.isfinite(added.value):
        return None
    count = round(added.value)
    return count if abs(added.value - count) <= WHOLE * max(1.0, added.value) else None


def filled(selector: str, model: str, environment: str, version: str) -> str:
    """The selector for one version and all of its groups; what is put in stands between the selector's own quotes."""
    if label := group_label(selector):
        matched = f"{re.escape(group_name(version, 0).removesuffix('0'))}[0-9]+"
        selector = re.sub(rf'{label}\s*=\s*"\{{group\}}"', lambda _: f'{label}=~"{_quoted(matched)}"', selector)
    for name, value in (("model", model), ("environment", environment), ("version", version)):
        selector = selector.replace("{" + name + "}", _quoted(value))
    return selector


def _quoted(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"")
