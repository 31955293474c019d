"""Evidence from bad requests alone, where nobody counted all requests.  Knows no denominator.

The multinomial e-process of Lindon and Malek (NeurIPS 2022, arXiv 2011.03567): of the bad requests a share s falls on
the candidate when it is as good as its control and gets the share s of the requests.  As strong as `sequential`, but
it stands on the split: ask `ratio` whether that is the intended one.  Assumes that bad requests are rare (a Poisson
count), independent, and that each request picks its arm by itself.
"""

import math

from headway.stats.sequential import HARM_LIFTS, SAFE_FRACTIONS

__all__ = ["log_share_above", "log_share_below"]


def log_share_above(bad: int, control_bad: int, share: float, *, ratio: float = 1.0) -> tuple[float, ...]:
    """One window against "the candidate's rate is at most `ratio` times the control's", one logarithm an alternative.

    `share` is the candidate's share of all requests in the window, strictly between 0 and 1; any other says nothing.

    >>> from headway.stats.sequential import log_mean_exp
    >>> log_mean_exp(log_share_above(20, 100, 0.05)) > 4 > log_mean_exp(log_share_above(5, 95, 0.05))
    True
    """
    return tuple(_log_e(bad, control_bad, share, ratio=ratio, other=ratio * lift) for lift in HARM_LIFTS)


def log_share_below(bad: int, control_bad: int, share: float, *, ratio: float) -> tuple[float, ...]:
    """One window against "the candidate's rate is at least `ratio` (above 1) times the control's": safety in a margin.

    >>> from headway.stats.sequential import log_mean_exp
    >>> log_mean_exp(log_share_below(50, 950, 0.05, ratio=2.0)) > 4
    True
    """
    others = (max(0.25, 1.0 + part * (ratio - 1.0)) for part in SAFE_FRACTIONS)
    return tuple(_log_e(bad, control_bad, share, ratio=ratio, other=other) for other in others)


def _log_e(bad: int, control_bad: int, share: float, *, ratio: float, other: float) -> float:
    """The likelihood ratio of a bad request's arm at rates in ratio `other` to those in `ratio`."""
    if not 0.0 < share < 1.0:
        return 0.0
    line, alternative = (share * times / (share * times + 1.0 - share) for times in (ratio, other))
    return bad * math.log(alternative / line) + control_bad * math.log((1.0 - alternative) / (1.0 - line))
