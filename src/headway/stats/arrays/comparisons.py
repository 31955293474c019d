"""A metric of two versions on the same rows: statistics that are enough to give a bound at any level later."""

from typing import Literal

import numpy as np
from msgspec import Struct

from headway.stats.arrays.answers import Answers, Floats
from headway.stats.arrays.curves import area_of, curves_of, variance_of
from headway.stats.arrays.parts import Parts, parts_of, value_of
from headway.stats.arrays.replicates import replicates
from headway.stats.auc import clustered_variance
from headway.stats.metrics import LESS_IS_BETTER
from headway.stats.resample import tails

__all__ = ["Comparison", "compare"]


class Comparison(Struct, frozen=True, kw_only=True):
    """Candidate against live on the same rows.  `statistics` are enough to give a bound at any level later.

    `difference` is candidate - live, `variance` its variance, `n` the number of independent units; AUC adds
    `n_positive`, `n_negative`; resampling adds quantiles (`low_0.05`, …).  With a ratio r the same of
    candidate - r·live is in `ratio_*`; for metrics where less is better of candidate - live/r.
    """

    name: str
    candidate: float
    live: float
    rows: int
    units: int
    method: Literal["wald", "delong", "resample"]
    statistics: dict[str, float]


def compare(
    name: str, candidate: Answers, live: Answers, *, ratio: float | None = None, seed: int = 0
) -> Comparison | None:
    """Two versions on the same rows: accuracy by Wald, AUC by DeLong, the others by resampling units.

    With `ratio` r the statistics are of candidate - r * live.  None for a metric that these answers do not have,
    ValueError when the sides have other rows or units.  Papers and assumptions are those of `score`.

    >>> from headway.stats.arrays.answers import answers
    >>> truth, classes = ["no", "yes", "yes", "no"], ["no", "yes"]
    >>> live = answers(truth, ["no", "yes", "no", "no"], classes=classes)
    >>> compare("accuracy", answers(truth, truth, classes=classes), live).statistics["difference"]
    0.25
    """
    if not np.array_equal(candidate.unit, live.unit):
        raise ValueError("a paired comparison needs the same rows and units on both sides")
    if name == "auc":
        return _auc_comparison(candidate, live, ratio)
    first, second = parts_of(name, candidate), parts_of(name, live)
    if first is None or second is None:
        return None
    here, there = value_of(first), value_of(second)
    if not (np.isfinite(here) and np.isfinite(there)):
        return None
    times = _times(name, ratio)
    by_wald = name == "accuracy"
    statistics = (
        _wald_statistics(first, second, candidate, times)
        if by_wald
        else _resampled_statistics(first, second, candidate, times, seed)
    )
    return Comparison(
        name=name,
        candidate=here,
        live=there,
        rows=len(candidate.truth),
        units=candidate.units,
        method="wald" if by_wald else "resample",
        statistics=statistics | _of(candidate, ratio),
    )


def _times(name: str, ratio: float | None) -> float | None:
    if ratio is None:
        return None
    return 1.0 / ratio if name in LESS_IS_BETTER else ratio


def _of(given: Answers, ratio: float | None) -> dict[str, float]:
    return {"n": float(given.units)} | ({} if ratio is None else {"ratio": ratio})


def _auc_comparison(candidate: Answers, live: Answers, ratio: float | None) -> Comparison | None:
    first, second = curves_of(candidate), curves_of(live)
    if first is None or second is None or len(first) != len(second):
        return None
    here = area_of(first)
    there = area_of(second)
    smallest = [(float(mask.sum()), float((~mask).sum())) for mask, _ in first]
    statistics = {
        "difference": here - there,
        "variance": variance_of(candidate, first, second, 1.0),
        "n_positive": min(count for count, _ in smallest),
        "n_negative": min(count for _, count in smallest),
    }
    if ratio is not None:
        statistics["ratio_difference"] = here - ratio * there
        statistics["ratio_variance"] = variance_of(candidate, first, second, ratio)
    return Comparison(
        name="auc",
        candidate=here,
        live=there,
        rows=len(candidate.truth),
        units=candidate.units,
        method="delong",
        statistics=statistics | _of(candidate, ratio),
    )


def _wald_statistics(first: Parts, second: Parts, given: Answers, times: float | None) -> dict[str, float]:
    right, right_live = first.rows[:, 0], second.rows[:, 0]
    found = _wald("", right, right_live, given, 1.0)
    return found if times is None else found | _wald("ratio_", right, right_live, given, times)


def _resampled_statistics(
    first: Parts, second: Parts, given: Answers, times: float | None, seed: int
) -> dict[str, float]:
    width = first.rows.shape[1]
    sums = replicates(np.hstack([first.rows, second.rows]), given, seed)
    here, there = first.value(sums[:, :width]), second.value(sums[:, width:])
    found = _resampled("", value_of(first) - value_of(second), here - there)
    if times is not None:
        found |= _resampled("ratio_", value_of(first) - times * value_of(second), here - times * there)
    return found


def _wald(prefix: str, right: Floats, right_live: Floats, given: Answers, ratio: float) -> dict[str, float]:
    """Mean and variance of c - r·p; two made-up pairs, one won and one lost, keep the variance of few rows above zero.

    Bonett and Price (J. Educ. Behav. Stat. 2012): without them ten equal answers would prove two models equal.
    """
    each = right - ratio * right_live
    rows, point = len(each), float(each.mean())
    centred = (each - point) / rows
    spread = clustered_variance(centred.tolist(), given.unit.tolist())
    return {f"{prefix}difference": point, f"{prefix}variance": spread + (1.0 + ratio**2) / rows**2}


def _resampled(prefix: str, point: float, drawn: Floats) -> dict[str, float]:
    finite = drawn[np.isfinite(drawn)]
    found = {f"{prefix}difference": point, f"{prefix}variance": float(finite.var(ddof=1))}
    return found | tails(finite.tolist(), prefix=prefix)
