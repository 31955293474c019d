"""The area under the ROC curve with its variance, paired or not, in O(n log n).  Knows no threshold and no verdict.

E. DeLong, D. DeLong, Clarke-Pearson (Biometrics 1988) by the mid-ranks of Sun and Xu (IEEE SPL 2014); rows of one
unit together after Obuchowski (Biometrics 1997).
"""

from collections.abc import Hashable, Sequence

from msgspec import Struct

__all__ = ["Placements", "clustered_variance", "contrast_variance", "placements"]


class Placements(Struct, frozen=True, kw_only=True):
    """For each positive the share of negatives below it (ties count half), for each negative that of positives above.

    Both in the order of the rows given; `area` is the mean of either.
    """

    area: float
    positives: tuple[float, ...]
    negatives: tuple[float, ...]


def placements(scores: Sequence[float], positive: Sequence[bool]) -> Placements:
    """Where each row's score stands among the rows of the other class; ValueError with only one class.

    >>> placements([0.1, 0.4, 0.35, 0.8], [False, False, True, True]).area
    0.75
    """
    high = [score for score, is_positive in zip(scores, positive, strict=True) if is_positive]
    low = [score for score, is_positive in zip(scores, positive, strict=True) if not is_positive]
    if not high or not low:
        raise ValueError("the area under the curve needs rows of both classes")
    among_all = _midranks([*high, *low])
    among_high, among_low = _midranks(high), _midranks(low)
    m, n = len(high), len(low)
    positives = tuple((among_all[i] - among_high[i]) / n for i in range(m))
    negatives = tuple(1.0 - (among_all[m + j] - among_low[j]) / m for j in range(n))
    return Placements(area=sum(positives) / m, positives=positives, negatives=negatives)


def contrast_variance(first: Placements, second: Placements | None = None, *, ratio: float = 1.0) -> float:
    """The variance of area(first) - ratio·area(second) on the same rows, or of area(first) alone (DeLong et al.).

    Assumes independent rows, the two models' in the same order (ValueError for other numbers of them), and enough of
    each class for a normal law; 0 when a class has a single row, of which no spread can be known.

    >>> found = placements([0.1, 0.4, 0.35, 0.8], [False, False, True, True])
    >>> contrast_variance(found, found)
    0.0
    """
    up, down = first.positives, first.negatives
    if second is not None:
        up = tuple(a - ratio * b for a, b in zip(up, second.positives, strict=True))
        down = tuple(a - ratio * b for a, b in zip(down, second.negatives, strict=True))
    return _variance(up) / len(up) + _variance(down) / len(down)


def clustered_variance(influences: Sequence[float], units: Sequence[Hashable]) -> float:
    """The variance of an estimate from each row's influence on it, when the rows of a unit go together.

    The sandwich of Liang and Zeger (Biometrika 1986) for a mean, with G/(G - 1) for G units; Obuchowski's for an area.
    Assumes independent units, and enough of them (30 or more) for a normal law.  Influences sum to about 0; fewer than
    two units tell no spread, and 0 comes back.

    >>> clustered_variance([0.5, -0.5, 0.5, -0.5], ["a", "a", "b", "b"])
    0.0
    """
    sums: dict[Hashable, float] = {}
    for influence, unit in zip(influences, units, strict=True):
        sums[unit] = sums.get(unit, 0.0) + influence
    count = len(sums)
    if count < 2:
        return 0.0
    mean = sum(sums.values()) / count
    return sum((value - mean) ** 2 for value in sums.values()) * count / (count - 1)


def _midranks(values: Sequence[float]) -> list[float]:
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0.0] * len(values)
    start = 0
    while start < len(order):
        end = start
        while end < len(order) and values[order[end]] == values[order[start]]:
            end += 1
        for place in range(start, end):
            ranks[order[place]] = 0.5 * (start + end + 1)
        start = end
    return ranks


def _variance(values: Sequence[float]) -> float:
    if len(values) < 2:
        return 0.0
    mean = sum(values) / len(values)
    return sum((value - mean) ** 2 for value in values) / (len(values) - 1)
