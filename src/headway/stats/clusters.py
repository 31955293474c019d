"""Rates of two arms whose requests come in clusters: users, who ask many times and are all alike themselves.

Users are dealt into random groups, the same number in each arm; groups vary as users do, so their spread is the error
of the rate (the random group method: Wolter, Introduction to Variance Estimation, 2007, chapter 2; batch means in
simulation).  Assumes that groups are dealt at random and that no few users make up an arm; the intervals are Student's,
and so approximate.
"""

import math
from collections.abc import Sequence

from msgspec import Struct

from headway.stats.intervals import Interval, student_quantile

__all__ = ["Clustered", "clustered", "difference", "uneven"]


class Clustered(Struct, frozen=True, kw_only=True):
    """A rate, the variance of its error, and the degrees of freedom of that variance."""

    rate: float
    variance: float
    degrees: int


def clustered(bad: Sequence[int], of: Sequence[int]) -> Clustered:
    """The rate of all groups together, with the larger of the groups' variance and that of single requests.

    The ratio is linearised: the residuals bad - rate·of vary between groups.  Where nothing is bad, the variance is
    that of one bad request.  ValueError with fewer than two groups or without a request.

    >>> found = clustered([1, 3], [100, 100])
    >>> found.rate, round(found.variance, 6), found.degrees
    (0.02, 0.0001, 1)
    """
    if len(bad) < 2 or len(bad) != len(of):
        raise ValueError(f"{len(bad)} counts of bad ones and {len(of)} of all are no two groups")
    total, groups = sum(of), len(of)
    if total == 0:
        raise ValueError("without a request there is no rate")
    rate = sum(bad) / total
    between = sum((one - rate * all_) ** 2 for one, all_ in zip(bad, of, strict=True)) * groups / (groups - 1)
    return Clustered(rate=rate, variance=max(between, 1.0, sum(bad)) / total**2, degrees=groups - 1)


def difference(candidate: Clustered, control: Clustered, alpha: float, *, by: float = 1.0) -> Interval:
    """Candidate - by·control with an interval that is wrong with probability alpha, half of it on each side.

    >>> one, two = clustered([10, 12], [100, 100]), clustered([1, 3], [100, 100])
    >>> found = difference(one, two, 0.5)
    >>> round(found.point, 9), found.low > 0
    (0.09, True)
    """
    point = candidate.rate - by * control.rate
    spread = math.sqrt(candidate.variance + by * by * control.variance)
    # The fewer degrees of the two: never narrower than Welch's.
    reach = student_quantile(1.0 - 0.5 * alpha, min(candidate.degrees, control.degrees)) * spread
    return Interval(point=point, low=point - reach, high=point + reach)


def uneven(candidate: Sequence[int], control: Sequence[int], share: float, alpha: float) -> bool:
    """Whether the arms' sizes differ from the intended share (of the candidate) by more than their groups vary.

    As in `clustered` the variance is at least that of single requests: groups that happen to be equal are no proof.

    >>> uneven([50, 52, 49], [148, 151, 150], 0.25, 0.01), uneven([10, 12, 11], [148, 151, 150], 0.25, 0.01)
    (False, True)
    """
    if not 0.0 < share < 1.0 or min(len(candidate), len(control)) < 2:
        return False
    means, variance = list[float](), 0.0
    for groups, part in ((candidate, share), (control, 1.0 - share)):
        mean = sum(groups) / len(groups)
        between = sum((one - mean) ** 2 for one in groups) / (len(groups) - 1)
        means.append(mean / part)
        variance += max(between, mean) / len(groups) / part**2
    apart = abs(means[0] - means[1])
    degrees = min(len(candidate), len(control)) - 1
    return apart > student_quantile(1.0 - 0.5 * alpha, degrees) * math.sqrt(variance)
