"""How much worse a candidate is as far as is known: each guardrail's ratio with its confidence sequence.

Nothing is decided by it: what decides is the evidence, and this says in numbers of the metric what it speaks of.
"""

import math
from typing import TypeAlias

from msgspec import Struct

from headway.decide.rollout.guardrails.evidence import fold, opened, stage_of
from headway.decide.rollout.guardrails.kind import ENOUGH, Compared, Look, bursts
from headway.decide.rollout.guardrails.table import kind_of
from headway.decide.rollout.table import STRATEGIES
from headway.evidence.stage import Rollout, Tally
from headway.evidence.window import Past
from headway.spec.digest import digest_of
from headway.spec.guardrail import Guardrail, title
from headway.spec.rollout import Rollout as Wish
from headway.stats.confidence import Confidence, interval_of, narrowed, unknown
from headway.stats.confidence_between import ConfidenceBetween, ratio_between, ratio_narrowed, ratio_unknown
from headway.stats.intervals import Interval

__all__ = ["ALPHA", "Estimate", "Estimates", "estimated", "in_words", "ratios"]

# The intervals miss the truth, ever, in one rollout of twenty.
ALPHA = 0.05
# Request by request or, where the stable version's windows differed, between windows.
Ratio: TypeAlias = Confidence | ConfidenceBetween


class Estimates(Struct, frozen=True, kw_only=True):
    """What the first `windows` of a rollout said of each guardrail, to go on with; the sum of them in `tally`.

    `of` names the test and the wish that it belongs to.
    """

    of: str
    windows: int
    tally: Tally
    ratios: tuple[Ratio, ...]


class Estimate(Struct, frozen=True, kw_only=True):
    """A guardrail's share, as a ratio of candidate to stable; nan and infinite while nothing is known.

    `what` has that share: requests that failed, those slower than an edge, or what another source counts.
    """

    what: str
    ratio: Interval


def _begun(guardrail: Guardrail, before: Past) -> Ratio:
    return ratio_unknown(alpha=ALPHA) if bursts(before.spread, title(guardrail)) else unknown("ratio", alpha=ALPHA)


def _narrowed(so_far: Ratio, seen: Compared | None, spread: float) -> Ratio:
    """One more window, by what was known before it."""
    if seen is None or seen.of < ENOUGH:
        return so_far
    if isinstance(so_far, ConfidenceBetween):
        return ratio_narrowed(so_far, seen.rate, seen.counts, spread=spread)
    return narrowed(so_far, seen.rate, seen.counts)


def estimated(rollout: Rollout, wish: Wish, known: Estimates | None = None) -> Estimates:
    """The estimates after every window of the rollout; `known` are those after fewer of them, if there are any."""
    strategy = STRATEGIES.get(wish.strategy)
    stages = strategy.stages(wish) if strategy else ()
    of = digest_of([rollout.candidate, rollout.started, rollout.lost, rollout.restarts, wish.guardrails, stages])
    if known is None or known.of != of or known.windows > len(rollout.windows):
        begun = opened(of, wish.guardrails, rollout.before)
        ratios = tuple(_begun(guardrail, rollout.before) for guardrail in wish.guardrails)
        known = Estimates(of=of, windows=0, tally=begun, ratios=ratios)
    tally, found, spread = known.tally, known.ratios, rollout.before.spread
    for window in rollout.windows[known.windows :]:
        if stage_of(stages, window.weight) is None:
            continue
        look = Look(tally=tally, window=window, stage=0, stages=1)
        found = tuple(
            _narrowed(so_far, kind_of(guardrail).compared(guardrail, tracks, look), spread.get(title(guardrail), 1.0))
            for guardrail, tracks, so_far in zip(wish.guardrails, tally.tracks, found, strict=True)
        )
        tally = fold(tally, wish.guardrails, stages, window)
    return Estimates(of=of, windows=len(rollout.windows), tally=tally, ratios=found)


def ratios(estimates: Estimates, wish: Wish) -> tuple[Estimate, ...]:
    """Each guardrail's estimate, in the wish's order."""
    return tuple(
        Estimate(what=kind_of(guardrail).shown(guardrail, tracks), ratio=_interval(so_far))
        for guardrail, tracks, so_far in zip(wish.guardrails, estimates.tally.tracks, estimates.ratios, strict=True)
    )


def _interval(so_far: Ratio) -> Interval:
    return ratio_between(so_far) if isinstance(so_far, ConfidenceBetween) else interval_of(so_far)


def in_words(estimate: Estimate) -> str:
    """The ratio and how far it is known.

    >>> in_words(Estimate(what="requests that fail", ratio=Interval(point=1.32, low=0.95, high=1.9)))
    '1.32x (0.95x to 1.9x with 95 %) of requests that fail'
    >>> in_words(Estimate(what="requests that fail", ratio=Interval(point=math.inf, low=1.5, high=math.inf)))
    'at least 1.5x (with 95 %) of requests that fail'
    """
    ratio, what = estimate.ratio, f"of {estimate.what}"
    if ratio.low <= 0.0 and math.isinf(ratio.high):
        return f"not known yet {what}"
    if math.isinf(ratio.high):
        return f"at least {ratio.low:g}x (with 95 %) {what}"
    point = f"{ratio.point:.3g}x " if math.isfinite(ratio.point) else ""
    return f"{point}({ratio.low:g}x to {ratio.high:g}x with 95 %) {what}"
