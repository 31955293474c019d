"""Errors: the share of failed first attempts, by the router's counts of both arms."""

from collections.abc import Sequence

from headway.decide.rollout.guardrails.kind import ENOUGH, Compared, Look, judged, lines_of, requests
from headway.spec.guardrail import ErrorGuardrail, title
from headway.stats.track import Track, begun

__all__ = ["compared", "grow", "shown"]


def grow(guardrail: ErrorGuardrail, tracks: tuple[Track, ...], look: Look) -> tuple[Track, ...]:
    """One comparison, from the first window in which the stable version's rate is known."""
    seen, (tolerated, margin) = compared(guardrail, tracks, look), lines_of(guardrail)
    if seen.of < ENOUGH:
        return tracks
    asked = (tolerated, seen.counts), (margin, seen.counts)
    return tuple(
        judged(track, look, title(guardrail), rate=seen.rate, asked=asked) for track in tracks or (begun(look.stages),)
    )


def compared(_: ErrorGuardrail, __: Sequence[Track], look: Look) -> Compared:
    """Failed requests of both arms, and the stable version's from before the rollout on."""
    before, control, window = look.tally.before, look.tally.control, look.window
    return Compared(
        counts=requests(window, window.candidate.errors, window.control.errors),
        known=before.errors + control.errors,
        of=before.starts + control.starts,
    )


def shown(_: ErrorGuardrail, __: Sequence[Track]) -> str:
    """Whose share is compared."""
    return "requests that fail"
