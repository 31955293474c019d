"""When a model is trained again by itself, and which brakes hold it.  Starts nothing."""

from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from headway.spec.monitor import Retrain

__all__ = ["PERIODS_S", "UNPROMOTED_AT_MOST", "Due", "Situation", "due"]

PERIODS_S = {"daily": 86_400.0, "weekly": 7 * 86_400.0, "monthly": 30 * 86_400.0}
# After two retrainings that came to nothing the reason is not the data's age: a person looks.
UNPROMOTED_AT_MOST = 2


class Situation(Struct, frozen=True, kw_only=True):
    """What is known of a model: times in Unix seconds (0: never).

    `trained` is when the version in service was trained, `last` when a retraining was last started; `drift` says
    whether a drift alarm is on; `running` whether a training or rollout of it is under way; `unpromoted` counts
    retrainings since the last promotion or resume; `refused` is why main's recipe stands refused or aborted, `hold` why
    automatic releases are held (both empty: not).
    """

    now: float
    trained: float
    last: float = 0.0
    drift: bool = False
    running: bool = False
    unpromoted: int = 0
    refused: str = ""
    hold: str = ""


class Due(Struct, frozen=True, kw_only=True):
    """`start` it, it is due but `held`, or there is `none`; `cause` is what made it due."""

    state: Literal["start", "held", "none"]
    cause: str = ""
    why: str = ""


def due(wish: Retrain, seen: Situation) -> Due:
    """What to do now about retraining.

    >>> due(Retrain(when=("drift",)), Situation(now=1e9, trained=1.0, drift=True)).state
    'start'
    """
    cause = next(_causes(wish, seen), "")
    if not cause:
        return Due(state="none", why="nothing asks for a retraining")
    if seen.running:
        return Due(state="none", cause=cause, why="a training or a rollout is under way; one at a time")
    since = seen.now - seen.last
    if seen.last and since < wish.at_most_every:
        left = wish.at_most_every - since
        return Due(
            state="none", cause=cause, why=f"the last one was {since:.0f} s ago; the next may be in {left:.0f} s"
        )
    if brake := _brake(seen):
        return Due(state="held", cause=cause, why=brake)
    return Due(state="start", cause=cause, why=f"due by {cause}")


def _causes(wish: Retrain, seen: Situation) -> Iterator[str]:
    if "drift" in wish.when and seen.drift:
        yield "drift"
    for period, seconds in PERIODS_S.items():
        if period in wish.when and seen.now - max(seen.trained, seen.last) >= seconds:
            yield period


def _brake(seen: Situation) -> str:
    if seen.refused:
        return f"main's recipe stands refused: {seen.refused}; change it, and retraining goes on"
    if seen.hold:
        return f"held: {seen.hold}; `headway resume` lifts the hold"
    if seen.unpromoted >= UNPROMOTED_AT_MOST:
        return f"the last {seen.unpromoted} retrainings were not promoted; `headway resume` lets it try again"
    return ""
