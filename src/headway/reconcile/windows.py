"""Cuts an observer's cumulative counts into windows.  Knows no rule; a window in which anything changed is dropped."""

from collections.abc import Mapping

from msgspec import Struct

from headway.evidence.window import Arm, Window
from headway.reconcile.ports import Observed

__all__ = ["Opening", "close_window", "open_window"]


class Opening(Struct, frozen=True, kw_only=True):
    """The counts at the start of a window: Unix seconds, the observer's epoch, weights and counts by version."""

    start: float
    epoch: str
    weights: Mapping[str, float]
    counts: Mapping[str, Arm]


def open_window(observed: Observed, now: float) -> Opening:
    """Begin a window with what is seen now."""
    return Opening(start=now, epoch=observed.epoch, weights=dict(observed.weights), counts=dict(observed.counts))


def close_window(opening: Opening, observed: Observed, now: float, *, control: str, candidate: str) -> Window | None:
    """The window from `opening` to now; None when the observer or the weights changed meanwhile, or it was silent."""
    if not opening.counts or not observed.counts:
        return None
    if opening.epoch != observed.epoch or dict(opening.weights) != dict(observed.weights):
        return None
    return Window(
        start=opening.start,
        end=now,
        weight=observed.weights.get(candidate, 0.0),
        edges_ms=observed.edges_ms,
        control=_since(opening.counts.get(control), observed.counts.get(control)),
        candidate=_since(opening.counts.get(candidate), observed.counts.get(candidate)),
    )


def _since(before: Arm | None, after: Arm | None) -> Arm:
    if after is None:
        return Arm()
    if before is None:
        return after
    slower = tuple(late - early for early, late in zip(before.slower, after.slower, strict=True))
    return Arm(starts=after.starts - before.starts, errors=after.errors - before.errors, slower=slower)
