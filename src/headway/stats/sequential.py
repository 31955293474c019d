"""The windowed 2x2 e-process: evidence about two rates that may be looked at after every window.  Knows no rollout.

Turner, Ly, Grünwald (J. Stat. Plann. Inference 2024, arXiv 2106.02693) and Turner, Grünwald (arXiv 2203.09785), with a
grid of alternatives in place of their posterior.  An e-value has mean at most 1 under its null whatever came before it,
so by Ville's inequality a product of them ever reaches 1/alpha with probability at most alpha.  Assumes that requests
of a window fail independently of one another; the rate itself may change from window to window.
"""

import math
from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

__all__ = [
    "HARM_LIFTS",
    "SAFE_FRACTIONS",
    "Counts",
    "Line",
    "boundary",
    "log_e",
    "log_harm",
    "log_mean_exp",
    "log_safe",
    "nearest_null",
    "raised",
]

# Odds of the alternatives for harm, as multiples of the odds at the line: from barely over it to nearly always bad.
# Up to 10 the grid of the reference; beyond it because a line near zero lies far below what a broken version does.
HARM_LIFTS = (1.1, 1.2, 1.35, 1.5, 1.75, 2.0, 2.5, 3.0, 4.0, 6.0, 10.0, 25.0, 60.0)
# Where the alternatives for safety lie between the control's rate (0) and the line (1).
SAFE_FRACTIONS = (-0.5, -0.2, 0.0, 0.3)
# Rates are kept this far from 0 and 1, where a single request would be evidence without limit.
LEAST_RATE = 1e-9


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


def nearest_null(line: Line, rate: float, control: float, counts: Counts) -> tuple[float, float]:
    """The pair of rates on the line that is nearest to the alternative (rate, control), given the window's sizes.

    Nearest by Kullback-Leibler divergence: its first-order condition is what makes the likelihood ratio an e-value on
    the whole half plane behind the line (statistics chapter, 2.1).  Rates are shares between 0 and 1.

    >>> window = Counts(bad=10, of=100, control_bad=10, control_of=1000)
    >>> near = nearest_null(Line(kind="ratio", by=1.5), 0.03, 0.01, window)
    >>> round(near[0] / near[1], 9)
    1.5
    """
    match line.kind:
        case "ratio":
            q = _on_ratio(line.by, rate, control, counts)
            return line.by * q, q
        case "offset" if line.by < 0.0:
            exchanged = Counts(
                bad=counts.control_bad, of=counts.control_of, control_bad=counts.bad, control_of=counts.of
            )
            q, p = nearest_null(Line(kind="offset", by=-line.by), control, rate, exchanged)
            return p, q
        case "offset":
            q = _on_offset(line.by, rate, control, counts)
            return q + line.by, q
        case "fixed":
            return line.by, control


def _on_ratio(by: float, rate: float, control: float, counts: Counts) -> float:
    """The smaller root of a q^2 + b q + c, in the form that loses no digits."""
    n, m = counts.of, counts.control_of
    a = by * (n + m)
    b = -(n * (by + rate) + m * (1.0 + by * control))
    c = n * rate + m * control
    return 2.0 * c / (-b + math.sqrt(max(0.0, b * b - 4.0 * a * c)))


def _on_offset(by: float, rate: float, control: float, counts: Counts) -> float:
    """The root of a cubic, by Newton steps kept inside a bracket."""
    n, m = counts.of, counts.control_of
    if m == 0:
        return rate - by
    low, high = sorted((min(control, 1.0 - by), max(0.0, min(rate - by, 1.0 - by))))

    def slope_of_divergence(q: float) -> float:
        return n * (q + by - rate) * q * (1.0 - q) + m * (q - control) * (q + by) * (1.0 - q - by)

    # Near the root of the pooled rates; each step halves the bracket where Newton's would leave it.
    q = min(high, max(low, (n * (rate - by) + m * control) / (n + m)))
    for _ in range(200):
        value = slope_of_divergence(q)
        if value > 0.0:
            high = q
        else:
            low = q
        p = q + by
        steepness = n * (q * (1.0 - q) + (p - rate) * (1.0 - 2.0 * q)) + m * (
            p * (1.0 - p) + (q - control) * (1.0 - 2.0 * p)
        )
        after = q - value / steepness if steepness else low
        if not low <= after <= high:
            after = 0.5 * (low + high)
        close = abs(after - q) <= 1e-8 * q  # the step after it would be as small as the square of this
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


def log_harm(lines: Sequence[Line], control: float, counts: Counts) -> tuple[float, ...]:
    """One window against "the candidate lies behind the widest of these lines", one logarithm an alternative.

    Behind the widest means behind any: so the smallest e-value of the lines counts, window by window, for the widest
    line may change with the control's rate.  All lines share one alternative, beyond every line.  `control` is the
    control's rate as known before the window, or the e-values are none (Grünwald, de Heide and Koolen, 2024).

    >>> worse = Counts(bad=10, of=100, control_bad=10, control_of=1000)
    >>> log_mean_exp(log_harm([Line(kind="ratio", by=1.5)], 0.01, worse)) > 0
    True
    """
    base = _kept(max(boundary(line, control) for line in lines))
    if base >= 1.0 - LEAST_RATE:
        # No rate lies beyond such a line, and an alternative on its near side would make evidence out of nothing.
        return tuple(0.0 for _ in HARM_LIFTS)
    rate_of_control = _kept(control)
    return tuple(
        min(log_e(line, _kept(raised(base, lift)), rate_of_control, counts) for line in lines) for lift in HARM_LIFTS
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
    rate_of_control = _kept(control)
    widest = max(lines, key=lambda line: boundary(line, rate_of_control))
    far = boundary(widest, rate_of_control)
    same = rate_of_control if equal is None else _kept(equal)
    if same >= far:
        return tuple(0.0 for _ in SAFE_FRACTIONS)
    rates = (_kept(max(same + part * (far - same), 0.25 * same)) for part in SAFE_FRACTIONS)
    return tuple(log_e(widest, rate, rate_of_control, counts) for rate in rates)


def log_mean_exp(logs: Sequence[float], weights: Sequence[float] | None = None) -> float:
    """The logarithm of the (weighted) mean of what these are logarithms of; no overflow.

    >>> round(math.exp(log_mean_exp([math.log(1.0), math.log(3.0)])), 12)
    2.0
    """
    top = max(logs)
    shares = weights if weights is not None else [1.0 / len(logs)] * len(logs)
    total = sum(share * math.exp(log - top) for share, log in zip(shares, logs, strict=True))
    return top + math.log(total / sum(shares))


def _kept(rate: float) -> float:
    return min(1.0 - LEAST_RATE, max(LEAST_RATE, rate))
