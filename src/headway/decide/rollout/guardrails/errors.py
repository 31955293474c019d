"""Errors: the share of failed first attempts, by the router's counts of both arms."""

from headway.decide.rollout.guardrails.kind import ENOUGH, Look, judged, lines_of, requests, share
from headway.spec.guardrail import ErrorGuardrail, title
from headway.stats.track import Track, begun

__all__ = ["grow"]


def grow(guardrail: ErrorGuardrail, tracks: tuple[Track, ...], look: Look) -> tuple[Track, ...]:
    """One comparison, from the first window in which the stable version's rate is known."""
    before, control, window = look.tally.before, look.tally.control, look.window
    known = before.starts + control.starts
    if known < ENOUGH:
        return tracks
    rate = share(before.errors + control.errors, known)
    counts = requests(window, window.candidate.errors, window.control.errors)
    tolerated, margin = lines_of(guardrail)
    return tuple(
        judged(track, look, title(guardrail), rate=rate, asked=((tolerated, counts), (margin, counts)))
        for track in tracks or (begun(look.stages),)
    )
