"""Two versions on the same requests, compared pair by pair: a shadow beside its stable version.  Knows no threshold.

Only pairs in which the versions differ tell them apart, as in McNemar's test; here by e-processes (Ville 1939; the bets
after Waudby-Smith, Ramdas, JRSS-B 2024, arXiv 2010.09686), so that one may look after every request.  Far more powerful
than two arms apart, because what makes a request hard is hard for both.  Assumes that, given the pairs before it, the
chance of a pair lies on the null's side of its line; the chance itself may change from pair to pair.
"""

import math
from collections.abc import Iterable, Sequence

from msgspec import Struct

from headway.stats.sequential import HARM_LIFTS, log_mean_exp, raised

__all__ = ["BETS", "Pairs", "counted", "log_apart", "log_bets", "log_better", "log_more_often_wrong", "log_worse"]

# Parts of the largest bet that cannot lose everything: from careful, for rare differences, to bold.
BETS = (0.01, 0.03, 0.1, 0.2, 0.4, 0.7)


class Pairs(Struct, frozen=True, kw_only=True):
    """Pairs so far in which only the candidate was wrong (`worse`), only the control (`better`), both or none (`same`).

    Of numbers the same by the sign of a pair's difference: `log_worse` is then a sign test of its median.
    """

    worse: int = 0
    better: int = 0
    same: int = 0


def counted(pairs: Pairs, differences: Iterable[float]) -> Pairs:
    """The pairs with some more, by the sign of candidate's loss less control's: above 0 is worse.

    >>> counted(Pairs(), [0.2, 0.0, -1.0, 3.0])
    Pairs(worse=2, better=1, same=1)
    """
    signs = [(value > 0.0) - (value < 0.0) for value in differences]
    return Pairs(
        worse=pairs.worse + signs.count(1), better=pairs.better + signs.count(-1), same=pairs.same + signs.count(0)
    )


def log_worse(pairs: Pairs, *, odds: float = 1.0) -> float:
    """The logarithm of the evidence that a differing pair is the candidate's fault at more than these odds.

    Null: worse : better is at most `odds` : 1 (1: no worse than its control; above it a margin) in every pair.  A
    likelihood ratio is monotone, so the ratio to the line is an e-value on all of the null; mean over HARM_LIFTS.

    >>> log_worse(Pairs(worse=30, better=10)) > math.log(20) > log_worse(Pairs(worse=30, better=10), odds=2.0)
    True
    """
    border = odds / (1.0 + odds)
    return log_mean_exp(
        [
            pairs.worse * math.log(bet / border) + pairs.better * (math.log1p(-bet) - math.log1p(-border))
            for bet in (raised(border, lift) for lift in HARM_LIFTS)
        ]
    )


def log_better(pairs: Pairs, *, odds: float = 1.0) -> float:
    """The logarithm of the evidence that a differing pair is the candidate's fault at less than these odds.

    With odds above 1 evidence of safety within a margin: what would promote.

    >>> log_better(Pairs(worse=40, better=40), odds=2.0) > math.log(20)
    True
    """
    return log_worse(Pairs(worse=pairs.better, better=pairs.worse), odds=1.0 / odds)


def log_apart(pairs: Pairs, *, share: float = 0.5) -> float:
    """The logarithm of the evidence that differing pairs are not the candidate's fault in just this share of cases.

    Two-sided, by a uniform mixture of all shares (Robbins, Ann. Math. Stat. 1970): the beta-binomial of the counts.

    >>> round(log_apart(Pairs(worse=1)), 9), log_apart(Pairs(worse=5, better=40)) > math.log(1000)
    (0.0, True)
    """
    marginal = math.lgamma(1 + pairs.worse) + math.lgamma(1 + pairs.better)
    of = pairs.worse + pairs.better
    return marginal - math.lgamma(2 + of) - pairs.worse * math.log(share) - pairs.better * math.log1p(-share)


def log_bets(differences: Sequence[float], *, margin: float = 0.0) -> tuple[float, ...]:
    """What some pairs add to the logarithm of each bet that the mean difference of losses is above `margin`.

    Differences lie in [-1, 1], as of losses in [0, 1]; a bet stakes BETS of 1 / (1 + margin).  Sum the tuples over
    windows and take `log_mean_exp`.  Evidence of safety is `log_bets([-x …], margin=-margin)`.  ValueError for a
    difference out of range, or a margin that is no difference.

    >>> log_mean_exp(log_bets([0.5, -0.1, 0.4, 0.6] * 20)) > math.log(20)
    True
    """
    if not -1.0 < margin < 1.0:
        raise ValueError(f"a margin of paired differences lies between -1 and 1, not {margin}")
    if any(abs(value) > 1.0 for value in differences):
        raise ValueError("paired differences lie between -1 and 1: scale or clip them before")
    return tuple(
        math.fsum(math.log1p(bet / (1.0 + margin) * (value - margin)) for value in differences) for bet in BETS
    )


def log_more_often_wrong(pairs: Pairs, *, margin: float = 0.0) -> float:
    """The logarithm of the evidence that the candidate is wrong in more pairs, by more than this share of all of them.

    `margin` is a difference of error rates (0.01: one percentage point); pairs that agree count for it.  Evidence that
    it is within the margin: exchange worse and better, and the margin's sign.

    >>> log_more_often_wrong(Pairs(worse=60, better=10, same=930), margin=0.01) > math.log(20)
    True
    >>> log_more_often_wrong(Pairs(worse=20, better=20, same=1960), margin=-0.01) > math.log(20)
    True
    """
    one = {value: log_bets([float(value)], margin=margin) for value in (1, -1, 0)}
    return log_mean_exp(
        [
            pairs.worse * worse + pairs.better * better + pairs.same * same
            for worse, better, same in zip(one[1], one[-1], one[0], strict=True)
        ]
    )
