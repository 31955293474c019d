"""What a kind of guardrail is, and the arithmetic that several kinds share.  Knows no threshold and no state."""

from typing import Protocol, TypeVar

from msgspec import Struct

from headway.evidence.stage import Tally
from headway.evidence.window import Window
from headway.stats.sequential import Counts
from headway.stats.track import Track

__all__ = ["Kind", "Look", "requests", "share"]

G_contra = TypeVar("G_contra", contravariant=True)


class Look(Struct, frozen=True, kw_only=True):
    """One window at a stage (from 0) of so many, and what the windows before it added up to."""

    tally: Tally
    window: Window
    stage: int
    stages: int


class Kind(Protocol[G_contra]):
    """A module: how one kind of guardrail reads a window."""

    def grow(self, guardrail: G_contra, tracks: tuple[Track, ...], look: Look) -> tuple[Track, ...]:
        """The running evidence with this window, judged by what was known before it.

        No tracks: nothing is compared yet, and the kind begins them as soon as it knows what to compare.
        """


def share(bad: int, of: int) -> float:
    """The control's rate so far; with no bad one yet, the tenth part of one (statistics chapter, 2.5).

    >>> share(0, 100), share(5, 100)
    (0.001, 0.05)
    """
    return max(bad, 0.1) / of


def requests(window: Window, bad: int, control_bad: int) -> Counts:
    """Bad requests of both arms beside all that were started.

    A request that began in one window may end in the next, so that bad ones can outnumber a window's starts.
    """
    return Counts(
        bad=bad,
        of=max(window.candidate.starts, bad),
        control_bad=control_bad,
        control_of=max(window.control.starts, control_bad),
    )
