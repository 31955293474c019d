"""How much worse a candidate is as far as is known: each guardrail's ratio with its confidence sequence.

Nothing is decided by it: what decides is the evidence, and this says in numbers of the metric what it speaks of.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from msgspec import Struct

from headway.decide.rollout.guardrails.evidence import fold, opened, stage_of
from headway.decide.rollout.guardrails.kind import ENOUGH, bursts, requests, share
from headway.decide.rollout.table import STRATEGIES
from headway.evidence.stage import Rollout, Tally
from headway.evidence.window import Past, Window
from headway.spec.digest import digest_of
from headway.spec.guardrail import ErrorGuardrail, Guardrail, LatencyGuardrail, title
from headway.spec.rollout import Rollout as Wish
from headway.stats.confidence import Confidence, interval_of, narrowed, unknown
from headway.stats.confidence_between import ConfidenceBetween, ratio_between, ratio_narrowed, ratio_unknown
from headway.stats.intervals import Interval

__all__ = ["ALPHA", "Estimate", "Estimates", "estimated", "ratios"]

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
    """A guardrail's share of bad requests, as a ratio of candidate to stable; nan and infinite while nothing is known.

    `what` are the bad ones: those that failed, or those slower than an edge.
    """

    what: str
    ratio: Interval


class _Compared(Struct, frozen=True, kw_only=True):
    """Bad requests of both arms in a window, and the control's before it: the bad ones, and all."""

    bad: int
    beside: int
    known: int
    of: int


def _begun(guardrail: Guardrail, before: Past) -> Ratio:
    return ratio_unknown(alpha=ALPHA) if bursts(before.spread, title(guardrail)) else unknown("ratio", alpha=ALPHA)


def _narrowed(so_far: Ratio, seen: _Compared | None, window: Window, spread: float) -> Ratio:
    """One more window, by what was known before it."""
    if seen is None or seen.of < ENOUGH:
        return so_far
    rate, counts = share(seen.known, seen.of), requests(window, seen.bad, seen.beside)
    if isinstance(so_far, ConfidenceBetween):
        return ratio_narrowed(so_far, rate, counts, spread=spread)
    return narrowed(so_far, rate, counts)


def _errors(tally: Tally, number: int, window: Window) -> _Compared:  # noqa: ARG001 - one signature for all
    return _Compared(
        bad=window.candidate.errors,
        beside=window.control.errors,
        known=tally.before.errors + tally.control.errors,
        of=tally.before.starts + tally.control.starts,
    )


def _latency(tally: Tally, number: int, window: Window) -> _Compared | None:
    edge, whole = _edge(tally, number), len(window.edges_ms)
    counted = {len(arm.slower) for arm in (window.candidate, window.control, tally.control)} == {whole}
    if not edge or tally.edges_ms != window.edges_ms or not counted:
        return None
    at, control = tally.edges_ms.index(edge), tally.control
    return _Compared(
        bad=window.candidate.slower[at], beside=window.control.slower[at], known=control.slower[at], of=control.starts
    )


def _edge(tally: Tally, number: int) -> float:
    """The outermost edge at which a guardrail of latency compares shares alone, if any; 0 before it has chosen one.

    Where a fixed share never counts as too much the ratio may be large and mean nothing.
    """
    tracks = tally.tracks[number]
    alone = [track for track in tracks if not track.least]
    return max((track.at for track in alone or tracks), default=0.0)


def _slow(tally: Tally, number: int) -> str:
    edge = _edge(tally, number)
    return f"requests over {edge:.3g} ms" if edge else "slow requests"


# Kinds that compare shares of requests; of the others there is no ratio.
COMPARED: Mapping[type, Callable[[Tally, int, Window], _Compared | None]] = {
    ErrorGuardrail: _errors,
    LatencyGuardrail: _latency,
}
BAD: Mapping[type, Callable[[Tally, int], str]] = {
    ErrorGuardrail: lambda _tally, _number: "requests that fail",
    LatencyGuardrail: _slow,
}


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
        found = tuple(
            _narrowed(
                so_far, COMPARED[type(guardrail)](tally, number, window), window, spread.get(title(guardrail), 1.0)
            )
            if type(guardrail) in COMPARED
            else so_far
            for number, (guardrail, so_far) in enumerate(zip(wish.guardrails, found, strict=True))
        )
        tally = fold(tally, wish.guardrails, stages, window)
    return Estimates(of=of, windows=len(rollout.windows), tally=tally, ratios=found)


def ratios(estimates: Estimates, wish: Wish) -> Iterator[Estimate | None]:
    """Each guardrail's estimate, in the wish's order; None for a kind that compares no shares of requests."""
    for number, (guardrail, so_far) in enumerate(zip(wish.guardrails, estimates.ratios, strict=True)):
        bad = BAD.get(type(guardrail))
        yield Estimate(what=bad(estimates.tally, number), ratio=_interval(so_far)) if bad else None


def _interval(so_far: Ratio) -> Interval:
    return ratio_between(so_far) if isinstance(so_far, ConfidenceBetween) else interval_of(so_far)
