"""Errors: the share of failed first attempts, by the router's counts of both arms."""

from headway.decide.rollout.guardrails.kind import Look, judged, requests, share
from headway.spec.guardrail import ErrorGuardrail, title
from headway.stats.sequential import Line
from headway.stats.track import Track, begun

__all__ = ["grow"]

# Before so many requests of the stable version its rate is not known well enough to bet on; until then windows only
# teach it.
ENOUGH = 100


def grow(guardrail: ErrorGuardrail, tracks: tuple[Track, ...], look: Look) -> tuple[Track, ...]:
    """One comparison, from the first window in which the stable version's rate is known."""
    before, control, window = look.tally.before, look.tally.control, look.window
    known = before.starts + control.starts
    if known < ENOUGH:
        return tracks
    rate = share(before.errors + control.errors, known)
    counts = requests(window, window.candidate.errors, window.control.errors)
    tolerated = (Line(kind="ratio", by=guardrail.tolerate), Line(kind="offset", by=guardrail.tolerate_floor))
    margin = (Line(kind="ratio", by=guardrail.worse_by_at_most), Line(kind="offset", by=guardrail.floor))
    return tuple(
        judged(track, look, title(guardrail), rate=rate, asked=((tolerated, counts), (margin, counts)))
        for track in tracks or (begun(look.stages),)
    )
