"""The windowed 2x2 e-process the other way up: shares of which more is better, as conversions or right answers.

Counts hold what is wished for in place of what is bad.  The arithmetic and its guarantee are those of `sequential`; a
line here lies below the control: a ratio of at most 1, an offset of at most 0.  Logarithms fit the same `Track`.
"""

from collections.abc import Sequence

from headway.stats.sequential import HARM_LIFTS, SAFE_FRACTIONS, Counts, Line, boundary, kept, log_e, raised

__all__ = ["FALLS", "log_fallen", "log_kept"]

# Below a line this near to zero no alternative fits.
LEAST_LINE = 1e-7
# A fall is shown by what is missing, and there is no more to miss than everything.
FALLS = tuple(1.0 / lift for lift in HARM_LIFTS)


def log_fallen(lines: Sequence[Line], control: float, counts: Counts) -> tuple[float, ...]:
    """One window against "the candidate is not below the lowest of these lines", one logarithm an alternative.

    `control` is the control's share as known before the window.  A line at zero or below tolerates everything: 0.0.

    >>> from headway.stats.sequential import log_mean_exp
    >>> half = Counts(bad=50, of=1000, control_bad=1000, control_of=10000)
    >>> log_mean_exp(log_fallen([Line(kind="ratio", by=0.95)], 0.1, half)) > 5
    True
    """
    known = kept(control)
    base = min(boundary(line, known) for line in lines)
    if base <= LEAST_LINE:
        return tuple(0.0 for _ in FALLS)
    return tuple(min(log_e(line, raised(base, fall), known, counts) for line in lines) for fall in FALLS)


def log_kept(lines: Sequence[Line], control: float, counts: Counts) -> tuple[float, ...]:
    """One window against "the candidate is below all of these lines", one logarithm an alternative.

    As in `log_safe` all weight goes to the widest line at the control's share so far: here the lowest above zero.

    >>> from headway.stats.sequential import log_mean_exp
    >>> alike = Counts(bad=100, of=1000, control_bad=1000, control_of=10000)
    >>> log_mean_exp(log_kept([Line(kind="ratio", by=0.7)], 0.1, alike)) > 2
    True
    """
    known = kept(control)
    real = [line for line in lines if 0.0 < boundary(line, known) < known]
    if not real:
        return tuple(0.0 for _ in SAFE_FRACTIONS)
    widest = min(real, key=lambda line: boundary(line, known))
    far = boundary(widest, known)
    rates = (kept(min(known + part * (far - known), 0.5 * (1.0 + known))) for part in SAFE_FRACTIONS)
    return tuple(log_e(widest, rate, known, counts) for rate in rates)
