"""What sources other than the router counted in a window, as samples for their guardrails.  Knows no rule."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import accumulate

from msgspec import structs

from headway.evidence.merging import merged, minus
from headway.evidence.outcome import Outcomes
from headway.evidence.stage import Rollout
from headway.evidence.summary import ColumnSummary, Summary
from headway.evidence.window import Part, Sample, Window
from headway.reconcile.metrics import by_groups, metric, read
from headway.reconcile.ports import Observed, PodSummary, PortError
from headway.reconcile.scene import Scene
from headway.reconcile.windows import Opening, Reading
from headway.spec.guardrail import Guardrail, MetricGuardrail, PredictionGuardrail, QualityGuardrail, title
from headway.spec.rollout import Rollout as Wish

__all__ = ["asked", "distribution", "quality", "seen", "speaks"]

PREDICTION = "prediction:"


def asked(scene: Scene, rollout: Rollout, opening: Opening, before: Opening | None) -> Opening:
    """An opening with what the sources say that are asked once a window; nothing of one that does not answer.

    `before` is the opening that it follows, without a change between them.
    """
    outcomes: dict[str, Mapping[str, Outcomes]] = {}
    readings: dict[str, Reading] = {}
    for guardrail in scene.model.spec.rollout.guardrails if scene.model else ():
        name = title(guardrail)
        if isinstance(guardrail, QualityGuardrail):
            with suppress(PortError):  # no sample is evidence of nothing, and a deadline ends the wait for one
                outcomes[name] = scene.world.labels.outcomes(
                    rollout.model,
                    rollout.environment,
                    since=rollout.started,
                    within_s=guardrail.labels_within,
                    now=scene.now,
                )
        elif isinstance(guardrail, MetricGuardrail):
            reading = read(scene, guardrail, rollout, before.readings.get(name) if before else None)
            readings |= {name: reading} if reading else {}
    return structs.replace(opening, outcomes=outcomes, readings=readings)


def seen(wish: Wish, before: Opening, after: Opening, window: Window, rollout: Rollout) -> Window:
    """A window with what sources other than the router said of all versions between two looks.

    Where users are dealt, only what is told apart by their groups is evidence.
    """
    if window.groups:
        return structs.replace(window, groups=by_groups(wish, rollout, after.readings, window.groups))
    found = {title(guardrail): _sample(guardrail, before, after, rollout) for guardrail in wish.guardrails}
    return structs.replace(window, samples=tuple(filter(None, found.values())))


def _sample(guardrail: Guardrail, before: Opening, after: Opening, rollout: Rollout) -> Sample | None:
    name, control, candidate = title(guardrail), rollout.over.version, rollout.candidate.version
    match guardrail:
        case PredictionGuardrail():
            return distribution(name, before.summaries, after.summaries, control=control, candidate=candidate)
        case QualityGuardrail() if name in before.outcomes and name in after.outcomes:
            earlier, later = before.outcomes[name], after.outcomes[name]
            return quality(name, *(_grown(earlier.get(arm), later.get(arm)) for arm in (candidate, control)))
        case MetricGuardrail() if name in before.readings and name in after.readings:
            return metric(guardrail, rollout, after.readings[name])
        case _:
            return None


def _grown(before: Outcomes | None, after: Outcomes | None) -> Outcomes:
    old, new = before or Outcomes(), after or Outcomes()
    return Outcomes(of=new.of - old.of, labelled=new.labelled - old.labelled, wrong=new.wrong - old.wrong)


def quality(title: str, mine: Outcomes, beside: Outcomes) -> Sample:
    """How the predictions ended of which the time for a label has passed, of the candidate and of stable.

    >>> quality("accuracy", Outcomes(of=10, labelled=8, wrong=2), Outcomes(of=90, labelled=70, wrong=7)).parts[1].bad
    2
    """
    return Sample(
        guardrail=title,
        parts=(
            Part(name="wrong", bad=mine.wrong, of=mine.labelled, control_bad=beside.wrong, control_of=beside.labelled),
            Part(
                name="unlabelled",
                bad=mine.of - mine.labelled,
                of=mine.of,
                control_bad=beside.of - beside.labelled,
                control_of=beside.of,
            ),
        ),
    )


def speaks(guardrail: Guardrail, observed: Observed, rollout: Rollout, opening: Opening | None) -> bool:
    """Does the source of a guardrail answer for both versions?  What it says may still be nothing new."""
    match guardrail:
        case PredictionGuardrail():
            heard = {pod.version for pod in observed.summaries}
            return {rollout.over.version, rollout.candidate.version} <= heard
        case MetricGuardrail():
            return opening is not None and title(guardrail) in opening.readings
        case _:
            return True


def distribution(
    title: str, before: Sequence[PodSummary], after: Sequence[PodSummary], *, control: str, candidate: str
) -> Sample | None:
    """The shares of both versions' predictions between two looks; None when one of them says nothing.

    Two versions' summaries have bins of their own.  Compared are the cuts, or classes, that both have.
    """
    arms = (_since(before, after, candidate), _since(before, after, control))
    if arms[0] is None or arms[1] is None:
        return None
    mine, beside = _columns(arms[0]), _columns(arms[1])
    for name in sorted(mine.keys() & beside.keys(), key=lambda name: not mine[name].edges):  # scores say more
        shared = _shares(mine[name], beside[name])
        if shared:
            missing = ("missing", mine[name].missing, beside[name].missing)
            of, control_of = _rows(mine[name]), _rows(beside[name])
            parts = (
                Part(name=part, bad=bad, of=of, control_bad=control_bad, control_of=control_of)
                for part, bad, control_bad in (*shared, missing)
            )
            return Sample(guardrail=title, parts=tuple(parts))
    return None


def _since(before: Sequence[PodSummary], after: Sequence[PodSummary], version: str) -> Summary | None:
    """What a version's pods counted; one that began again did so from nothing.

    One that was not heard before counts from the next look on: it may be new, or have counted for long.
    """
    earlier = {pod.pod: pod.summary for pod in before if pod.version == version}
    return merged([minus(pod.summary, earlier[pod.pod]) for pod in after if pod.pod in earlier])


def _columns(summary: Summary) -> Mapping[str, ColumnSummary]:
    return {column.name: column for column in summary.columns if column.name.startswith(PREDICTION)}


def _rows(column: ColumnSummary) -> int:
    return sum(column.counts) + column.other + column.missing


def _shares(mine: ColumnSummary, beside: ColumnSummary) -> Sequence[tuple[str, int, int]]:
    """Name and counts of each part that both can tell from the rest; none when they have nothing in common."""
    return _cuts(mine, beside) if mine.edges else _classes(mine, beside)


def _cuts(mine: ColumnSummary, beside: ColumnSummary) -> Sequence[tuple[str, int, int]]:
    """How many are at each shared edge or above it, in rising order."""
    above, control_above = _above(mine), _above(beside)
    return [(f">= {edge!r}", above[edge], control_above[edge]) for edge in sorted(above.keys() & control_above.keys())]


def _above(column: ColumnSummary) -> Mapping[float, int]:
    """Bin i holds what lies below edge i and not below the one before it."""
    below = list(accumulate(column.counts))
    return {edge: below[-1] - below[at] for at, edge in enumerate(column.edges)}


def _classes(mine: ColumnSummary, beside: ColumnSummary) -> Sequence[tuple[str, int, int]]:
    """How many are of each class that both know, and how many of all others together."""
    here, there = dict(zip(mine.levels, mine.counts, strict=True)), dict(zip(beside.levels, beside.counts, strict=True))
    both = [level for level in mine.levels if level in there]
    if not both:
        return []
    rest = sum(mine.counts) + mine.other - sum(here[level] for level in both)
    control_rest = sum(beside.counts) + beside.other - sum(there[level] for level in both)
    return [*((f"class {level}", here[level], there[level]) for level in both), ("another class", rest, control_rest)]
