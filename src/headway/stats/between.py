"""A rate against lines, by how windows differ from one another: where requests fail together.  Knows no rollout.

Bursts make windows differ by more than their counts tell, and every rule that counts requests one by one wrong
(statistics chapter, 4.4).  This one takes the variance between windows, under `score`'s mixture: it needs ten windows
before it says anything, is a large-sample rule, and assumes that windows are independent of one another.  A sample is
large when it holds many bursts: that none was seen yet shows nothing where few could have been.
"""

from collections.abc import Sequence

from msgspec import Struct, structs

from headway.stats.mixture import log_above, rho_for
from headway.stats.moments import Moments, shares
from headway.stats.score import ENOUGH_WINDOWS, Score, log_higher, scored, variance_of
from headway.stats.sequential import Counts, Line, boundary, kept, log_mean_exp

__all__ = [
    "A_BURST",
    "Between",
    "begun_rho",
    "between",
    "bursts_of",
    "log_beyond",
    "log_within",
    "on_line",
    "seen",
]

# Evidence is the strongest when so many windows like the first are seen: a few more than it needs to begin.
PLANNED_WINDOWS = 20
TUNED_FOR = 0.01
# Safety is shown by bursts that did not come, and no more of it than this for each that would have: 20 for 1 in 20.  By
# simulation: without it, a candidate at the margin is let through in 7 to 38 % of cases instead of 5 (decision 0250).
A_BURST = 0.15


class Between(Struct, frozen=True, kw_only=True):
    """The candidate's rate less the line's, one score a line; `rho` was fixed before the first outcome.

    `bursts` are those that a candidate on the widest line would have brought so far, `brought` those a request.
    """

    lines: tuple[Line, ...]
    scores: tuple[Score, ...]
    rho: float
    brought: float
    bursts: float = 0.0


def between(lines: Sequence[Line], rate: float, counts: Counts, *, spread: float) -> Between:
    """No window yet; `counts` are the first one's, of which the sizes alone are used.  Both arms have requests.

    `rate` (0 to 1) is the control's as known before, `spread` the variance between windows over that of the counts.

    >>> window = Counts(bad=3, of=100, control_bad=30, control_of=1000)
    >>> round(between([Line(kind="ratio", by=1.1)], 0.03, window, spread=2.0).rho, 2)
    10.58
    """
    rho = begun_rho(rate, counts.of, counts.control_of, spread=spread)
    brought = bursts_of(lines, rate, spread=spread)
    return Between(lines=tuple(lines), scores=tuple(Score() for _ in lines), rho=rho, brought=brought)


def bursts_of(lines: Sequence[Line], rate: float, *, spread: float) -> float:
    """Bursts that one request brings to a candidate on the widest of these lines, where the control has this rate.

    >>> round(bursts_of([Line(kind="ratio", by=1.5)], 0.01, spread=10.0), 6)
    0.0015
    """
    return max(boundary(line, rate) for line in lines) / max(1.0, spread)


def begun_rho(rate: float, of: float, control_of: float, *, spread: float) -> float:
    """The `rho` of a comparison whose first window has so many requests of each arm (above 0); `rate` may be 0 or 1.

    >>> round(begun_rho(0.03, 100, 1000, spread=2.0), 2)
    10.58
    """
    weight, rate = of * control_of / (of + control_of), kept(rate)
    planned = PLANNED_WINDOWS * weight * rate * (1.0 - rate) * max(1.0, spread)
    return rho_for(planned, alpha=TUNED_FOR, sides=1)


def seen(so_far: Between, counts: Counts) -> Between:
    """One more window; it says nothing where one arm has no request.

    >>> window = Counts(bad=3, of=100, control_bad=30, control_of=1000)
    >>> seen(between([Line(kind="offset", by=0.01)], 0.03, window, spread=2.0), window).scores[0].windows
    1
    """
    mine, other = shares(counts)
    pairs = zip(so_far.lines, so_far.scores, strict=True)
    scores = tuple(scored(score, mine, _beside(line, other)) for line, score in pairs)
    told = counts.of if counts.control_of else 0
    return structs.replace(so_far, scores=scores, bursts=so_far.bursts + told * so_far.brought)


def on_line(line: Line) -> tuple[float, float]:
    """A line's rate beside the control's q is start + slope·q: the start and the slope.

    >>> on_line(Line(kind="ratio", by=1.5)), on_line(Line(kind="offset", by=0.01)), on_line(Line(kind="fixed", by=0.1))
    ((0.0, 1.5), (0.01, 1.0), (0.1, 0.0))
    """
    match line.kind:
        case "ratio":
            return 0.0, line.by
        case "offset":
            return line.by, 1.0
        case "fixed":
            return line.by, 0.0


def _beside(line: Line, control: Moments) -> Moments:
    """The line's rate beside the control's, as a mean of as many values."""
    start, slope = on_line(line)
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

    Each line's evidence is valid against being beyond them all, and so is their mean; A_BURST for
    each of the bursts that would have come is the most.

    >>> window = Counts(bad=3, of=100, control_bad=30, control_of=1000)
    >>> log_within(between([Line(kind="ratio", by=1.5)], 0.03, window, spread=1.0))
    0.0
    """
    if so_far.scores[0].windows < ENOUGH_WINDOWS:
        return 0.0
    return min(A_BURST * so_far.bursts, log_mean_exp([_lower(score, so_far.rho) for score in so_far.scores]))


def _lower(score: Score, rho: float) -> float:
    """Also where no arm had a bad request, and the sum no variance: that says much where bursts would have come."""
    return log_above(-score.total, max(variance_of(score, robust=True), 1e-9 * rho), rho=rho)
