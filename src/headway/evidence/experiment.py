"""Sums of an experiment between users: counts of each arm by random groups of its users.  Knows no rule."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from headway.evidence.window import Arm, total

__all__ = ["Dropped", "Experiment", "summed"]


class Dropped(Struct, frozen=True, kw_only=True):
    """A version that was shown to be worse at a look, after so many windows, with its sums and stable's until then.

    Its users are stable's since, and are counted for none.
    """

    version: str
    look: int
    windows: int
    edges_ms: tuple[float, ...]
    control: tuple[Arm, ...]
    candidate: tuple[Arm, ...]


class Experiment(Struct, frozen=True, kw_only=True):
    """What the windows of an experiment add up to; `wish` is the digest of what it was counted under.

    `looks` counts how often it was judged, the last time after `looked` windows of `windows`; `uneven` is whether users
    were found not to be split as intended.  `others` are the sums of versions beside the newest, `dropped` those that
    left the experiment before its end.
    """

    wish: str
    windows: int = 0
    looks: int = 0
    looked: int = 0
    uneven: bool = False
    edges_ms: tuple[float, ...] = ()
    control: tuple[Arm, ...] = ()
    candidate: tuple[Arm, ...] = ()
    others: Mapping[str, tuple[Arm, ...]] = {}
    dropped: tuple[Dropped, ...] = ()


def summed(before: Sequence[Arm], more: Sequence[Arm]) -> tuple[Arm, ...]:
    """Group by group.

    >>> summed([Arm(starts=1, errors=1)], [Arm(starts=2)])
    (Arm(starts=3, begun=0, errors=1, slower=(), metrics=()),)
    """
    if not before:
        return tuple(more)
    return tuple(total(pair) for pair in zip(before, more, strict=True))
