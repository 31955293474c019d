"""A metric of one version, with its interval and what a constant answer would score."""

import numpy as np
from msgspec import Struct

from headway.stats.arrays.answers import Answers
from headway.stats.arrays.curves import area_of, curves_of, variance_of
from headway.stats.arrays.parts import parts_of, value_of
from headway.stats.arrays.replicates import replicates
from headway.stats.auc import clustered_variance
from headway.stats.intervals import Interval, wald_bounds, wilson
from headway.stats.metrics import constant_class_score, constant_number_score
from headway.stats.resample import tails

__all__ = ["Score", "score"]


class Score(Struct, frozen=True, kw_only=True):
    """A metric with its 95 % interval, and what the best constant answer would score on the same rows."""

    name: str
    point: float
    low: float
    high: float
    rows: int
    units: int
    method: str
    constant: float | None


def score(name: str, given: Answers, *, seed: int = 0) -> Score | None:
    """A metric by name with its 95 % interval: accuracy by Wilson, AUC by DeLong, the others by resampling units.

    `seed` (for instance from the digests of bundle and test set) makes the interval repeatable.  None for a metric
    that these answers do not have.  Wilson (1927); DeLong, DeLong and Clarke-Pearson (1988); Efron (1979).  Units are
    taken to be independent of one another, rows of one unit are not.

    >>> from headway.stats.arrays.answers import answers
    >>> given = answers(["no", "yes", "yes", "no"], ["no", "yes", "no", "no"], classes=["no", "yes"])
    >>> found = score("accuracy", given)
    >>> found.point, round(found.low, 3), round(found.high, 3), found.method
    (0.75, 0.301, 0.954, 'wilson')
    """
    found = _auc_score(given) if name == "auc" else _sum_score(name, given, seed)
    if found is None:
        return None
    interval, method = found
    return Score(
        name=name,
        point=interval.point,
        low=interval.low,
        high=interval.high,
        rows=len(given.truth),
        units=given.units,
        method=method,
        constant=_constant(name, given),
    )


def _sum_score(name: str, given: Answers, seed: int) -> tuple[Interval, str] | None:
    parts = parts_of(name, given)
    if parts is None or not np.isfinite(value_of(parts)):
        return None
    point, rows = value_of(parts), len(given.truth)
    if name == "accuracy" and given.units == rows:
        return wilson(float(parts.rows[:, 0].sum()), rows), "wilson"
    if name == "accuracy":
        spread = clustered_variance(((parts.rows[:, 0] - point) / rows).tolist(), given.unit.tolist())
        wide = wald_bounds(point, spread, alpha=0.025, degrees=max(1, given.units - 1))
        return Interval(point=point, low=max(0.0, wide.low), high=min(1.0, wide.high)), "wald"
    drawn = parts.value(replicates(parts.rows, given, seed))
    drawn = drawn[np.isfinite(drawn)]
    ends = tails(drawn.tolist())
    return Interval(point=point, low=ends["low_0.025"], high=ends["high_0.025"]), "resample"


def _auc_score(given: Answers) -> tuple[Interval, str] | None:
    found = curves_of(given)
    if found is None:
        return None
    point = area_of(found)
    spread = variance_of(given, found, None, 1.0)
    wide = wald_bounds(point, spread, alpha=0.025, degrees=max(1, given.units - 1))
    return Interval(point=point, low=max(0.0, wide.low), high=min(1.0, wide.high)), "delong"


def _constant(name: str, given: Answers) -> float | None:
    if given.kind == "regression":
        return constant_number_score(name, given.truth.tolist())
    counts = [int((given.truth == place).sum()) for place in range(given.classes)]
    return constant_class_score(name, counts, given.positive)
