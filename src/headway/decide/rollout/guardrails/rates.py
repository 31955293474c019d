"""Rates from a source other than the router: named parts of what it counts, each compared as errors are.

Of several parts harm is the mean and safety the worst.
"""

from collections.abc import Sequence
from typing import Protocol

from headway.decide.rollout.guardrails.kind import ENOUGH, Look, compared_part, judged
from headway.stats.sequential import Line
from headway.stats.track import Asked, Track, begun

__all__ = ["Judge", "rates"]


class Judge(Protocol):
    """A track with one window more; `rate` is the control's as known before it, `asked` is for harm and for safety."""

    def __call__(self, track: Track, look: Look, title: str, *, rate: float, asked: tuple[Asked, Asked]) -> Track:
        """As `kind.judged`, where more are worse."""


def rates(
    title: str,
    parts: Sequence[str],
    tracks: tuple[Track, ...],
    look: Look,
    *,
    lines: tuple[Sequence[Line], Sequence[Line]],
    judge: Judge = judged,
) -> tuple[Track, ...]:
    """The running evidence of these parts with this window; `lines` are those of harm and those of safety.

    All parts begin together, once each of them is known well enough.
    """
    known = look.known(title)
    if any(part not in known or known[part].control_of < ENOUGH for part in parts):
        return tracks
    found = []
    for track in tracks or tuple(begun(look.stages, name=part) for part in parts):
        seen = compared_part(look, title, track.name)
        if seen is None:
            found.append(track)
            continue
        harm, safe = ((line, seen.counts) for line in lines)
        found.append(judge(track, look, title, rate=seen.rate, asked=(harm, safe)))
    return tuple(found)
