"""How long a rollout goes on if its candidate is as good as the stable version: an expectation, not a promise."""

import math
from collections.abc import Sequence

from headway.decide.rollout.agreement import agreement_asked
from headway.decide.rollout.guardrails import metric, predictions
from headway.decide.rollout.pace import known, passage
from headway.decide.rollout.prospects.outlook import Told, Traffic
from headway.decide.rollout.prospects.table import outlook
from headway.decide.rollout.strategy import limits
from headway.decide.rollout.table import STRATEGIES
from headway.evidence.stage import Rollout
from headway.evidence.window import Part, Window
from headway.spec.guardrail import Guardrail, MetricGuardrail, PredictionGuardrail, title
from headway.spec.rollout import Rollout as Wish
from headway.stats.growth import Growth
from headway.stats.track import Track

__all__ = ["remaining_s"]

# The traffic of so many windows back is that of today.
RECENT = 30
# A window in which the weight moves is dropped.
MOVED = 1.0
# Of a guardrail that nothing is known of beforehand.
NOTHING = Growth(mean=math.nan, variance=math.nan)


def remaining_s(rollout: Rollout, wish: Wish) -> float:
    """Seconds until every guardrail has passed the last stage, at the traffic of the last windows.

    Not a number before the first window or where nothing can be expected of a guardrail, as of how alike answers are;
    infinite when one gains nothing.
    """
    strategy, tally = STRATEGIES.get(wish.strategy), rollout.tally
    stages, recent = strategy.stages(wish) if strategy else (), rollout.windows[-RECENT:]
    if tally is None or not stages or not recent or not wish.guardrails or agreement_asked(wish):
        return math.nan
    requests = sum(window.control.starts + window.candidate.starts for window in recent)
    seconds = sum(window.end - window.start for window in recent)
    a_window = requests * wish.window / max(seconds, 1e-9)
    spread = rollout.before.spread
    told = {
        title(guardrail): found
        for guardrail, tracks in zip(wish.guardrails, tally.tracks, strict=True)
        if (found := _told(guardrail, tracks, recent, seconds))
    }
    traffic = Traffic(
        seconds=tally.control.starts * seconds / max(1, requests),  # that its requests would take by now
        arm=tally.control,
        edges_ms=tally.edges_ms,
        spread=spread,
        told=told,
    )
    ahead = [[outlook(guardrail, traffic, a_window, weight) for guardrail in wish.guardrails] for weight in stages]
    paces = [[found.safe if found else NOTHING for found in each] for each in ahead]
    safe, left = limits(wish, rollout.restarts).safe, range(rollout.stage, len(stages))
    asked = [safe * (at + 1) / len(stages) for at in left]
    windows, _ = passage(paces[rollout.stage :], [known(tracks) for tracks in tally.tracks], asked)
    return (windows + MOVED * (len(left) - 1)) * wish.window


def _told(guardrail: Guardrail, tracks: Sequence[Track], recent: Sequence[Window], seconds: float) -> Told | None:
    """What a source told in these windows of the part whose ratio is shown; nothing of labels, which come later."""
    match guardrail:
        case MetricGuardrail():
            shown = metric.part_of(guardrail)
        case PredictionGuardrail():
            shown = predictions.middle(tracks)
        case _:
            return None
    name = title(guardrail)
    samples = (sample for window in recent for sample in window.samples if sample.guardrail == name)
    parts = [part for sample in samples for part in sample.parts if part.name == shown and part.sound]
    bad, control, mine = (sum(counts) for counts in zip((0, 0, 0), *map(_counted, parts), strict=True))
    return Told(share=bad / control, known=bad, per_s=(control + mine) / seconds) if control else None


def _counted(part: Part) -> tuple[int, int, int]:
    return part.control_bad, part.control_of, part.of
