"""The windowed 2x2 e-process: evidence about two rates that may be looked at after every window.  Knows no rollout.

Turner, Ly, Grünwald (J. Stat. Plann. Inference 2024, arXiv 2106.02693) and Turner, Grünwald (arXiv 2203.09785), with a
grid of alternatives in place of their posterior.  An e-value has mean at most 1 under its null whatever came before it,
so by Ville's inequality a product of them ever reaches 1/alpha with probability at most alpha.  Assumes that requests
of a window fail independently of one another; the rate itself may change from window to window.
"""

import math
from collections.abc import Sequence
from typing import Literal, TypeAlias

from msgspec import Struct

__all__ = [
    "HARM_LIFTS",
    "SAFE_FRACTIONS",
    "Counts",
    "Line",
    "Weights",
    "boundary",
    "expected_least",
    "kept",
    "log_e",
    "log_harm",
    "log_mean_exp",
    "log_safe",
    "nearest_null",
    "raised",
    "weights_behind",
]

# Odds of the alternatives for harm, as multiples of the odds at the line: from barely over it to nearly always bad.
# Up to 10 the grid of the reference; beyond it because a line near zero lies far below what a broken version does.
HARM_LIFTS = (1.1, 1.2, 1.35, 1.5, 1.75, 2.0, 2.5, 3.0, 4.0, 6.0, 10.0, 25.0, 60.0)
# Where the alternatives for safety lie between the control's rate (0) and the line (1).
SAFE_FRACTIONS = (-0.5, -0.2, 0.0, 0.3)
# Rates are kept this far from 0 and 1.
LEAST_RATE = 1e-9
# The chord above several lines is looked at where their least e-value loses more than a twentieth of its growth.
WORTH = 0.95
# Means so many standard deviations apart never change places.
FAR = 4.0
NOTHING = tuple(0.0 for _ in HARM_LIFTS)

# What a bad and a good request of the candidate, and of the control, add to the logarithm of a likelihood ratio.
Weights: TypeAlias = tuple[float, float, float, float]


class Counts(Struct, frozen=True, kw_only=True):
    """One window: bad requests and all requests of the candidate and of its concurrent control."""

    bad: int
    of: int
    control_bad: int
    control_of: int


class Line(Struct, frozen=True, kw_only=True):
    """A border for the candidate's rate p, given the control's rate q: p = by·q, p = q + by, or p = by."""

    kind: Literal["ratio", "offset", "fixed"]
    by: float


def boundary(line: Line, control: float) -> float:
    """The candidate's rate on the line.

    >>> boundary(Line(kind="offset", by=0.25), 0.5)
    0.75
    """
    match line.kind:
        case "ratio":
            return line.by * control
        case "offset":
            return line.by + control
        case "fixed":
            return line.by


def raised(rate: float, lift: float) -> float:
    """The rate whose odds are `lift` times those of `rate`: for small rates lift·rate, and never 1.

    >>> raised(0.5, 3.0)
    0.75
    """
    return lift * rate / (1.0 - rate + lift * rate)


def kept(rate: float) -> float:
    """A rate kept away from 0 and 1, where a single request would be evidence without limit.

    >>> kept(0.0), kept(0.25)
    (1e-09, 0.25)
    """
    return min(1.0 - LEAST_RATE, max(LEAST_RATE, rate))


def nearest_null(line: Line, rate: float, control: float, counts: Counts) -> tuple[float, float]:
    """The pair of rates on the line that is nearest to the alternative (rate, control), given the window's sizes.

    Nearest by Kullback-Leibler divergence: its first-order condition is what makes the likelihood ratio an e-value on
    the whole half plane behind the line (statistics chapter, 2.1).  Rates are shares between 0 and 1.

    >>> window = Counts(bad=10, of=100, control_bad=10, control_of=1000)
    >>> near = nearest_null(Line(kind="ratio", by=1.5), 0.03, 0.01, window)
    >>> round(near[0] / near[1], 9)
    1.5
    """
    return _nearest(line, rate, control, (counts.of, counts.control_of))


def _nearest(line: Line, rate: float, control: float, sizes: tuple[float, float]) -> tuple[float, float]:
    match line.kind:
        case "ratio":
            q = _on_ratio(line.by, rate, control, sizes)
            return line.by * q, q
        case "offset" if line.by < 0.0:  # from the other arm's side, so that the small rate keeps its digits
            p = _on_slope((-line.by, 1.0), control, rate, (sizes[1], sizes[0]))
            return p, p - line.by
        case "offset":
            q = _on_slope((line.by, 1.0), rate, control, sizes)
            return q + line.by, q
        case "fixed":
            return line.by, control


def _on_ratio(by: float, rate: float, control: float, sizes: tuple[float, float]) -> float:
    """The smaller root of a q^2 + b q + c, in the form that loses no digits."""
    n, m = sizes
    if by == 1.0:  # the pooled rate; near 1 the roots meet, and the other form loses all digits
        return (n * rate + m * control) / (n + m)
    a = by * (n + m)
    b = -(n * (by + rate) + m * (1.0 + by * control))
    c = n * rate + m * control
    return 2.0 * c / (-b + math.sqrt(max(0.0, b * b - 4.0 * a * c)))


def _on_slope(line: tuple[float, float], rate: float, control: float, sizes: tuple[float, float]) -> float:
    """On a line p = start + slope·q the root of a cubic, by Newton steps kept inside a bracket."""
    (start, slope), (n, m) = line, sizes
    if m == 0:
        return (rate - start) / slope
    most = (1.0 - start) / slope
    low, high = sorted((min(control, most), max(0.0, min((rate - start) / slope, most))))

    # First the root for normal laws of the alternative's variances; Newton's steps stay inside the bracket.
    mine = n * slope / max(LEAST_RATE, rate * (1.0 - rate))
    other = m / max(LEAST_RATE, control * (1.0 - control))
    q = min(high, max(low, (mine * (rate - start) + other * control) / (mine * slope + other)))
    for _ in range(200):
        p = start + slope * q
        mine, other = q * (1.0 - q), p * (1.0 - p)
        value = n * slope * (p - rate) * mine + m * (q - control) * other
        if value > 0.0:
            high = q
        else:
            low = q
        steepness = n * slope * (slope * mine + (p - rate) * (1.0 - 2.0 * q)) + m * (
            other + (q - control) * slope * (1.0 - 2.0 * p)
        )
        after = q - value / steepness if steepness else low
        if not low < after < high:
            after = 0.5 * (low + high)
        close = abs(after - q) <= 1e-9 * q  # an error here changes the mean by its square only
        q = after
        if close:
            break
    return q


def log_e(line: Line, rate: float, control: float, counts: Counts) -> float:
    """The logarithm of one window's e-value for the alternative (rate, control) against everything behind the line.

    A window without requests in one arm gives 0 (an e-value of 1): it says nothing about a difference.

    >>> both = Counts(bad=3, of=100, control_bad=10, control_of=1000)
    >>> round(log_e(Line(kind="ratio", by=1.0), 0.03, 0.01, both), 4)
    1.1426
    """
    fixed = line.kind == "fixed"
    if counts.of == 0 or (counts.control_of == 0 and not fixed):
        return 0.0
    p, q = nearest_null(line, rate, control, counts)
    mine = _log_ratio(rate, p, counts.bad, counts.of)
    return mine if fixed else mine + _log_ratio(control, q, counts.control_bad, counts.control_of)


def _log_ratio(rate: float, null: float, bad: int, of: int) -> float:
    return bad * math.log(rate / null) + (of - bad) * (math.log1p(-rate) - math.log1p(-null))


def weights_behind(
    lines: Sequence[Line], rate: float, control: float, sizes: tuple[float, float]
) -> tuple[Weights, ...]:
    """The likelihood ratios whose least is an e-value against what lies behind any of these lines, for one alternative.

    One to the nearest pair on each line; or one to the nearest pair on the chord above them all, where that is expected
    to grow more.  Both are valid, and only the window's `sizes` (the candidate's and the control's requests) choose:
    with few bad requests a window is by chance now one line's and now the other's, and the least of two is much less
    than either (decision 0224).

    >>> both = (Line(kind="ratio", by=1.1), Line(kind="offset", by=0.001))
    >>> [len(weights_behind(both, 0.003, 0.001, (n, 19 * n))) for n in (300, 30_000)]
    [1, 2]
    """
    found = tuple(_weights(_nearest(line, rate, control, sizes), rate, control) for line in lines)
    if len(lines) == 1:
        return found
    moments = [_moments(one, rate, control, sizes) for one in found]
    least, _ = _least(found, moments, (rate, control), sizes)
    if least >= WORTH * min(moments)[0]:
        return found
    start, slope = _chord(lines)
    if slope <= 0.0 or rate <= start + slope * control:
        return found
    q = _on_slope((start, slope), rate, control, sizes)
    chord = _weights((start + slope * q, q), rate, control)
    return (chord,) if _moments(chord, rate, control, sizes)[0] > least else found


def expected_least(
    found: Sequence[Weights], rates: tuple[float, float], sizes: tuple[float, float]
) -> tuple[float, float]:
    """Mean and variance of the least of some likelihood ratios' logarithms over a window, at true rates and sizes.

    Both arms' rates (0 to 1) and requests, the candidate's first.  Of more than two those two with the least means
    count.  Approximate: as for normal laws (Clark, Oper. Res. 1961).

    >>> alone = (1.0, -0.01, -0.1, 0.001)
    >>> [round(value, 3) for value in expected_least([alone], (0.02, 0.01), (100, 1000))]
    [1.01, 2.1]
    """
    moments = [_moments(one, *rates, sizes) for one in found]
    return _least(found, moments, rates, sizes)


def _least(
    found: Sequence[Weights],
    moments: Sequence[tuple[float, float]],
    rates: tuple[float, float],
    sizes: tuple[float, float],
) -> tuple[float, float]:
    if len(found) == 1:
        return moments[0]
    i, j = (0, 1) if len(found) == 2 else sorted(range(len(found)), key=lambda at: moments[at][0])[:2]
    first, second = found[i], found[j]
    between = (first[0] - second[0], first[1] - second[1], first[2] - second[2], first[3] - second[3])
    apart, variance = _moments(between, *rates, sizes)
    (mean, spread), (other, other_spread) = moments[i], moments[j]
    if variance <= 1e-24 or abs(apart) > FAR * math.sqrt(variance):
        return min(moments[i], moments[j])
    scale = math.sqrt(variance)
    z = -apart / scale
    part, density = 0.5 * math.erfc(-z / math.sqrt(2.0)), scale * math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
    least = mean * part + other * (1.0 - part) - density
    square = (mean**2 + spread) * part + (other**2 + other_spread) * (1.0 - part) - (mean + other) * density
    return least, max(0.0, square - least**2)


def _weights(null: tuple[float, float], rate: float, control: float) -> Weights:
    (p, q) = null
    return (
        math.log(rate / p),
        math.log1p(-rate) - math.log1p(-p),
        math.log(control / q),
        math.log1p(-control) - math.log1p(-q),
    )


def _log(weights: Weights, mine: tuple[float, float], other: tuple[float, float]) -> float:
    """What a window adds to the logarithm, from (bad, all) requests of candidate and control."""
    bad, good, control_bad, control_good = weights
    return mine[0] * bad + (mine[1] - mine[0]) * good + other[0] * control_bad + (other[1] - other[0]) * control_good


def _moments(weights: Weights, rate: float, control: float, sizes: tuple[float, float]) -> tuple[float, float]:
    bad, good, control_bad, control_good = weights
    n, m = sizes
    p, q = bad - good, control_bad - control_good
    mean = n * (good + rate * p) + m * (control_good + control * q)
    return mean, n * rate * (1.0 - rate) * p * p + m * control * (1.0 - control) * q * q


def _chord(lines: Sequence[Line]) -> tuple[float, float]:
    """The lowest line above all of these as far as rates go, as a start and a slope: their maximum is convex."""
    start = max(boundary(line, 0.0) for line in lines)
    end = min([1.0, *(1.0 / line.by for line in lines if line.kind == "ratio" and line.by > 1.0)])
    end = min([end, *(1.0 - line.by for line in lines if line.kind == "offset")])
    return start, (max(boundary(line, end) for line in lines) - start) / end


def log_harm(lines: Sequence[Line], control: float, counts: Counts) -> tuple[float, ...]:
    """One window against "the candidate lies behind the widest of these lines", one logarithm an alternative.

    Behind the widest means behind any: so the smallest e-value of the lines counts, window by window, for the widest
    line may change with the control's rate, or that of one line above them all (`weights_behind`).  All lines share one
    alternative, beyond every line.  `control` is the control's rate as known before the window, or the e-values are
    none (Grünwald, de Heide and Koolen, 2024).

    >>> worse = Counts(bad=10, of=100, control_bad=10, control_of=1000)
    >>> log_mean_exp(log_harm([Line(kind="ratio", by=1.5)], 0.01, worse)) > 0
    True
    """
    base, known = kept(max(boundary(line, control) for line in lines)), kept(control)
    if base >= 1.0 - LEAST_RATE:
        # No rate lies beyond such a line, and an alternative on its near side would make evidence out of nothing.
        return NOTHING
    if counts.of == 0 or (counts.control_of == 0 and any(line.kind != "fixed" for line in lines)):
        return NOTHING
    if len(lines) == 1:  # what `weights_behind` would come to, at half of the cost
        return tuple([log_e(lines[0], kept(raised(base, lift)), known, counts) for lift in HARM_LIFTS])
    mine, other = (counts.bad, counts.of), (counts.control_bad, counts.control_of)
    sizes = counts.of, counts.control_of
    return tuple(
        min(_log(each, mine, other) for each in weights_behind(lines, kept(raised(base, lift)), known, sizes))
        for lift in HARM_LIFTS
    )


def log_safe(lines: Sequence[Line], control: float, counts: Counts, *, equal: float | None = None) -> tuple[float, ...]:
    """One window against "the candidate lies beyond all of these lines", one logarithm an alternative.

    Each line's e-value is valid against being beyond them all, so any mean of them is, and its weights may depend on
    what was known before the window: all weight goes to the line that is the widest at the control's rate so far.
    `equal` is the rate that a candidate equal to its control would have, where that is not the control's own.

    >>> alike = Counts(bad=10, of=1000, control_bad=10, control_of=1000)
    >>> log_mean_exp(log_safe([Line(kind="ratio", by=3.0)], 0.01, alike)) > 0
    True
    """
    rate_of_control = kept(control)
    widest = max(lines, key=lambda line: boundary(line, rate_of_control))
    far = boundary(widest, rate_of_control)
    same = rate_of_control if equal is None else kept(equal)
    if same >= far:
        return tuple(0.0 for _ in SAFE_FRACTIONS)
    rates = (kept(max(same + part * (far - same), 0.25 * same)) for part in SAFE_FRACTIONS)
    return tuple(log_e(widest, rate, rate_of_control, counts) for rate in rates)


def log_mean_exp(logs: Sequence[float], weights: Sequence[float] | None = None) -> float:
    """The logarithm of the (weighted) mean of what these are logarithms of; no overflow.

    >>> round(math.exp(log_mean_exp([math.log(1.0), math.log(3.0)])), 12)
    2.0
    """
    top = max(logs)
    if weights is None:
        return top + math.log(sum([math.exp(log - top) for log in logs]) / len(logs))
    total = sum([share * math.exp(log - top) for share, log in zip(weights, logs, strict=True)])
    return top + math.log(total / sum(weights))
