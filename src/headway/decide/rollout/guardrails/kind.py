"""What a kind of guardrail is, and the arithmetic that several kinds share.  Knows no threshold and no state."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol, TypeVar

from msgspec import Struct

from headway.evidence.stage import Tally
from headway.evidence.window import Part, Sample, Window
from headway.spec.guardrail import ErrorGuardrail, MetricGuardrail, QualityGuardrail
from headway.stats.dispersion import MOST_DISPERSION
from headway.stats.sequential import Counts, Line, log_harm, log_safe
from headway.stats.track import Asked, Track, grown, grown_between

__all__ = [
    "ENOUGH",
    "Compared",
    "Kind",
    "Look",
    "bursts",
    "compared_part",
    "counted",
    "judged",
    "lines_of",
    "requests",
    "share",
]

# Before so many of the stable version its rate is not known well enough to bet on; until then windows only teach it.
ENOUGH = 100

G_contra = TypeVar("G_contra", contravariant=True)


class Look(Struct, frozen=True, kw_only=True):
    """One window at a stage (from 0) of so many, and what the windows before it added up to."""

    tally: Tally
    window: Window
    stage: int
    stages: int

    def seen(self, title: str) -> Mapping[str, Part]:
        """What a source other than the router counted for a guardrail in this window; only what can be counts."""
        return {part.name: part for part in _parts(self.window.samples, title) if part.sound}

    def known(self, title: str) -> Mapping[str, Part]:
        """What it counted in the windows before."""
        return {part.name: part for part in _parts(self.tally.samples, title)}


def _parts(samples: Sequence[Sample], title: str) -> Iterator[Part]:
    return (part for sample in samples if sample.guardrail == title for part in sample.parts)


class Compared(Struct, frozen=True, kw_only=True):
    """A share in one window, and the control's in the windows before it: the bad ones, and all."""

    counts: Counts
    known: int
    of: int

    @property
    def rate(self) -> float:
        """The control's, as known before the window."""
        return share(self.known, self.of)


class Kind(Protocol[G_contra]):
    """A module: how one kind of guardrail reads a window.

    What is shown of a guardrail is the ratio of one share, which stays the same for a whole rollout.
    """

    def grow(self, guardrail: G_contra, tracks: tuple[Track, ...], look: Look) -> tuple[Track, ...]:
        """The running evidence with this window, judged by what was known before it.

        No tracks: nothing is compared yet, and the kind begins them as soon as it knows what to compare.
        """

    def compared(self, guardrail: G_contra, tracks: Sequence[Track], look: Look) -> Compared | None:
        """What the window says of the share that is shown; None where it says nothing, or none is chosen yet."""

    def shown(self, guardrail: G_contra, tracks: Sequence[Track]) -> str:
        """Whose share that is, in words."""


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


def bursts(spread: Mapping[str, float], title: str) -> bool:
    """Did the stable version's windows differ by so much that a guardrail is judged between windows?

    >>> bursts({"errors": 4.0}, "errors"), bursts({}, "errors")
    (True, False)
    """
    return spread.get(title, 0.0) > MOST_DISPERSION


def lines_of(
    guardrail: ErrorGuardrail | QualityGuardrail | MetricGuardrail,
) -> tuple[tuple[Line, Line], tuple[Line, Line]]:
    """The lines of a guardrail that compares rates: those beyond which harm begins, and those within which it is safe.

    >>> [[line.by for line in lines] for lines in lines_of(ErrorGuardrail())]
    [[1.1, 0.001], [1.5, 0.005]]
    """
    return (
        (Line(kind="ratio", by=guardrail.tolerate), Line(kind="offset", by=guardrail.tolerate_floor)),
        (Line(kind="ratio", by=guardrail.worse_by_at_most), Line(kind="offset", by=guardrail.floor)),
    )


def judged(  # noqa: PLR0913 - what a comparison is made of
    track: Track,
    look: Look,
    title: str,
    *,
    rate: float,
    asked: tuple[Asked, Asked],
    equal: float | None = None,
    most: float = math.inf,
) -> Track:
    """One window of one comparison: request by request or, where the stable version's windows differed, between them.

    `rate` is the control's as known before the window; `asked` is for harm and for safety; `equal` is the rate of an
    equal candidate where it is another than the control's.  `most` is the logarithm of what a window may say of harm,
    request by request: an e-value that is cut off is one still, for its mean only falls.
    """
    harm, safe = asked
    spread = look.tally.before.spread
    if bursts(spread, title):
        return grown_between(track, stage=look.stage, rate=rate, spread=spread[title], harm=harm, safe=safe)
    (tolerated, over), (margin, under) = harm, safe
    return grown(
        track,
        stage=look.stage,
        harm=[min(log, most) for log in log_harm(tolerated, rate, over)],
        safe=log_safe(margin, rate, under, equal=equal),
    )


def compared_part(look: Look, title: str, name: str) -> Compared | None:
    """What a source counted of one part; None where it did not, now or before."""
    seen, known = look.seen(title).get(name), look.known(title).get(name)
    if seen is None or known is None:
        return None
    return Compared(counts=counted(seen), known=known.control_bad, of=known.control_of)


def counted(part: Part, *, turned: bool = False) -> Counts:
    """A part's counts; turned, those of all that is not in it."""
    if not turned:
        return Counts(bad=part.bad, of=part.of, control_bad=part.control_bad, control_of=part.control_of)
    return Counts(
        bad=part.of - part.bad,
        of=part.of,
        control_bad=part.control_of - part.control_bad,
        control_of=part.control_of,
    )
