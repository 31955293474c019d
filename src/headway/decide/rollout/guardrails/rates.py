"""Rates from a source other than the router: named parts of what it counts, each compared as errors are.

Of several parts harm is the mean and safety the worst.
"""

from collections.abc import Sequence
from typing import Protocol

from headway.decide.rollout.guardrails.kind import ENOUGH, Look, counted, judged, share
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
    seen, known = look.seen(title), look.known(title)
    if any(part not in known or known[part].control_of < ENOUGH for part in parts):
        return tracks
    found = []
    for track in tracks or tuple(begun(look.stages, name=part) for part in parts):
        before, part = known[track.name], seen.get(track.name)
        if part is None:
            found.append(track)
            continue
        rate = share(before.control_bad, before.control_of)
        harm, safe = ((line, counted(part)) for line in lines)
        found.append(judge(track, look, title, rate=rate, asked=(harm, safe)))
    return tuple(found)
