"""A rate against lines, by how windows differ from one another: where requests fail together.  Knows no rollout.

Bursts make windows differ by more than their counts tell, and every rule that counts requests one by one wrong
(statistics chapter, 4.4).  This one takes the variance between windows, under `score`'s mixture: it needs ten windows
before it says anything, is a large-sample rule, and assumes that windows are independent of one another.
"""

from collections.abc import Sequence

from msgspec import Struct

from headway.stats.mixture import rho_for
from headway.stats.moments import Moments, shares
from headway.stats.score import Score, log_higher, log_lower, scored
from headway.stats.sequential import Counts, Line, log_mean_exp

__all__ = ["Between", "between", "log_beyond", "log_within", "seen"]

# Evidence is the strongest when so many windows like the first are seen: a few more than it needs to begin.
PLANNED_WINDOWS = 20
TUNED_FOR = 0.01


class Between(Struct, frozen=True, kw_only=True):
    """The candidate's rate less the line's, one score a line; `rho` was fixed before the first outcome."""

    lines: tuple[Line, ...]
    scores: tuple[Score, ...]
    rho: float


def between(lines: Sequence[Line], rate: float, counts: Counts, *, spread: float) -> Between:
    """No window yet; `counts` are the first one's, of which the sizes alone are used.  Both arms have requests.

    `rate` (0 to 1) is the control's as known before, `spread` the variance between windows over that of the counts.

    >>> window = Counts(bad=3, of=100, control_bad=30, control_of=1000)
    >>> round(between([Line(kind="ratio", by=1.1)], 0.03, window, spread=2.0).rho, 2)
    10.58
    """
    weight = counts.of * counts.control_of / (counts.of + counts.control_of)
    planned = PLANNED_WINDOWS * weight * rate * (1.0 - rate) * max(1.0, spread)
    return Between(
        lines=tuple(lines), scores=tuple(Score() for _ in lines), rho=rho_for(planned, alpha=TUNED_FOR, sides=1)
    )


def seen(so_far: Between, counts: Counts) -> Between:
    """One more window; it says nothing where one arm has no request.

    >>> window = Counts(bad=3, of=100, control_bad=30, control_of=1000)
    >>> seen(between([Line(kind="offset", by=0.01)], 0.03, window, spread=2.0), window).scores[0].windows
    1
    """
    mine, other = shares(counts)
    pairs = zip(so_far.lines, so_far.scores, strict=True)
    scores = tuple(scored(score, mine, _on_line(line, other)) for line, score in pairs)
    return Between(lines=so_far.lines, scores=scores, rho=so_far.rho)


def _on_line(line: Line, control: Moments) -> Moments:
    """The line's rate beside the control's, as a mean of as many values."""
    match line.kind:
        case "ratio":
            start, slope = 0.0, line.by
        case "offset":
            start, slope = line.by, 1.0
        case "fixed":
            start, slope = line.by, 0.0
    return Moments(count=control.count, mean=start + slope * control.mean, variance=slope**2 * control.variance)


def log_beyond(so_far: Between) -> float:
    """The logarithm of the evidence that the candidate lies beyond all of the lines: harm.

    Behind the widest means behind any, so the least of the lines' evidence counts.

    >>> window = Counts(bad=3, of=100, control_bad=30, control_of=1000)
    >>> log_beyond(between([Line(kind="ratio", by=1.1)], 0.03, window, spread=1.0))
    0.0
    """
    return min(log_higher(score, rho=so_far.rho, robust=True) for score in so_far.scores)


def log_within(so_far: Between) -> float:
    """The logarithm of the evidence that the candidate lies behind the widest of the lines: safety.

    Each line's evidence is valid against being beyond them all, and so is their mean.

    >>> window = Counts(bad=3, of=100, control_bad=30, control_of=1000)
    >>> log_within(between([Line(kind="ratio", by=1.5)], 0.03, window, spread=1.0))
    0.0
    """
    return log_mean_exp([log_lower(score, rho=so_far.rho, robust=True) for score in so_far.scores])
