"""Curves of receiver operating characteristics: of the positive class, or of each class against the rest."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from headway.stats.arrays.answers import Answers, Floats
from headway.stats.auc import Placements, clustered_variance, contrast_variance, placements

__all__ = ["Curves", "area_of", "curves_of", "variance_of"]

Curves: TypeAlias = list[tuple[NDArray[np.bool_], Placements]]


def curves_of(given: Answers) -> Curves | None:
    """The curve of the positive class, or with more than two classes one for each against the rest.

    None without probabilities, or where rows of a class or of the rest are missing.

    >>> from headway.stats.arrays.answers import answers
    >>> curves_of(answers([0, 0], [0, 1], probability=[[0.9, 0.1], [0.2, 0.8]], classes=[0, 1])) is None
    True
    """
    if given.probability is None:
        return None
    which = [given.positive] if given.classes == 2 else range(given.classes)
    found = []
    for place in which:
        mask = given.truth == place
        if not mask.any() or mask.all():
            return None
        found.append((mask, placements(given.probability[:, place].tolist(), mask.tolist())))
    return found or None


def area_of(curves: Curves) -> float:
    """The area under the curve, or the mean over the classes.

    >>> from headway.stats.arrays.answers import answers
    >>> given = answers([0, 1, 1], [0, 1, 0], probability=[[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]], classes=[0, 1])
    >>> area_of(curves_of(given))
    1.0
    """
    return float(np.mean([curve.area for _, curve in curves]))


def variance_of(given: Answers, first: Curves, second: Curves | None, ratio: float) -> float:
    """The variance of the area, or of first - ratio * second on the same rows; by units where they have several.

    >>> from headway.stats.arrays.answers import answers
    >>> sure = [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.5, 0.5]]
    >>> one = answers([0, 1, 1, 0], [0, 1, 0, 0], probability=sure, classes=[0, 1])
    >>> round(variance_of(one, curves_of(one), None, 1.0), 3), variance_of(one, curves_of(one), curves_of(one), 1.0)
    (0.125, 0.0)
    """
    if len(first) == 1 and given.units == len(given.truth):
        return contrast_variance(first[0][1], second[0][1] if second else None, ratio=ratio)
    total = _influences(first)
    if second is not None:
        total = total - ratio * _influences(second)
    return clustered_variance(total.tolist(), given.unit.tolist())


def _influences(curves: Curves) -> Floats:
    total = np.zeros(len(curves[0][0]))
    for mask, curve in curves:
        total[mask] += (np.array(curve.positives) - curve.area) / len(curve.positives)
        total[~mask] += (np.array(curve.negatives) - curve.area) / len(curve.negatives)
    return total / len(curves)
