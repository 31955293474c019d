"""How a rollout goes on, as a value that people watch: evidence against its lines, ratios, windows, and time to go."""

from collections.abc import Iterator

from msgspec import Struct

from headway.decide.rollout.estimate import Estimate, Estimates, ratios
from headway.decide.rollout.guardrails.evidence import opened
from headway.decide.rollout.guardrails.kind import bursts
from headway.decide.rollout.history import Weighed, standing
from headway.decide.rollout.remaining import remaining_s
from headway.decide.rollout.table import STRATEGIES
from headway.evidence.stage import Rollout, Tally
from headway.spec.guardrail import title
from headway.spec.rollout import Rollout as Wish
from headway.stats.score import ENOUGH_WINDOWS

__all__ = ["Compared", "Guarded", "Progress", "progress_of"]


class Compared(Struct, frozen=True, kw_only=True):
    """Of a guardrail that is judged between windows: those counted so far, and the fewest of which it says anything.

    `bursts` are those that a candidate at its margin would have brought; safety grows no faster than they come.
    """

    windows: int
    least: int
    bursts: float


class Guarded(Struct, frozen=True, kw_only=True):
    """One guardrail: its evidence, as natural logarithms, and its estimate where one was asked for and can be had."""

    evidence: Weighed
    estimate: Estimate | None = None
    between: Compared | None = None


class Progress(Struct, frozen=True, kw_only=True):
    """A rollout on its way; stages count from 1, times are in seconds.

    `awaits` is the weight that a person has yet to approve (0: none).  `to_go_s` is expected if the candidate is as
    good as the stable version (null: not known, or never); it ends undecided `deadline_s` from now.
    """

    stage: int
    stages: tuple[float, ...]
    windows: int
    window_s: float
    awaits: float
    to_go_s: float
    deadline_s: float
    guardrails: tuple[Guarded, ...]


def progress_of(rollout: Rollout, wish: Wish, now: float, estimates: Estimates | None = None) -> Progress:
    """Sum up a rollout at `now` (Unix seconds); with ratios where their estimates are given."""
    strategy = STRATEGIES.get(wish.strategy)
    stages = strategy.stages(wish) if strategy else ()
    tally = rollout.tally or opened("", wish.guardrails, rollout.before)
    found = standing(tally, wish, stage=rollout.stage, restarts=rollout.restarts) if _fits(rollout, wish) else ()
    known = (*ratios(estimates, wish), None) if estimates else (None,) * len(found)  # None: agreement, by pairs
    return Progress(
        stage=rollout.stage + 1,
        stages=stages,
        windows=len(rollout.windows),
        window_s=wish.window,
        awaits=rollout.awaits,
        to_go_s=remaining_s(rollout, wish) if _fits(rollout, wish) else float("nan"),
        deadline_s=max(0.0, rollout.deadline - now),
        guardrails=tuple(
            Guarded(evidence=evidence, estimate=estimate, between=between)
            for evidence, estimate, between in zip(found, known, _compared(wish, tally), strict=False)
        ),
    )


def _compared(wish: Wish, tally: Tally) -> Iterator[Compared | None]:
    """In the wish's order; what is compared last counts, where a guardrail compares several things."""
    for guardrail, tracks in zip(wish.guardrails, tally.tracks, strict=False):
        if not bursts(tally.before.spread, title(guardrail)):
            yield None
            continue
        begun = [track.within for track in tracks if track.within]
        yield Compared(
            windows=min((each.scores[0].windows for each in begun), default=0),
            least=ENOUGH_WINDOWS,
            bursts=min((each.bursts for each in begun), default=0.0),
        )
    yield None  # agreement is judged by pairs


def _fits(rollout: Rollout, wish: Wish) -> bool:
    """Users are compared otherwise; and until its next window the tally may still be that of other guardrails."""
    return rollout.split != "users" and (rollout.tally is None or len(rollout.tally.tracks) == len(wish.guardrails))
