"""Metrics of predictions with their intervals, alone and against another version on the same rows.

For whoever measures: build `Answers` from truth and predictions, then `score(name, answers)` gives the fields of one
`evidence.measurement.Metric` and `compare(name, candidate, live)` those of one `Paired` but `live_version`
(`Metric(**msgspec.structs.asdict(found))`).  Both answer None where a metric has no value, as the AUC of one class.
Knows neither files nor gates; the only module of this room with numpy.
"""

from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from headway.stats.auc import Placements, clustered_variance, contrast_variance, placements
from headway.stats.intervals import Interval, wald_bounds, wilson
from headway.stats.metrics import LESS_IS_BETTER, constant_class_score, constant_number_score
from headway.stats.resample import REPLICATES, tails

__all__ = ["Answers", "Comparison", "Score", "answers", "compare", "score"]

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]

# More units than this are drawn in groups of several at once: as valid, and a million rows cost no more.
MOST_UNITS = 20_000
SMALLEST_PROBABILITY = 1e-15


class Answers(Struct, frozen=True, kw_only=True, eq=False):
    """One version's answers on the test rows, beside the truth.  Build it with `answers`.

    Classification: `truth` and `answer` are places in `classes` (-1: a label that the model does not know) and
    `probability` has a column a class.  Regression: numbers, and no classes.
    """

    kind: Literal["classification", "regression"]
    truth: NDArray[Any]
    answer: NDArray[Any]
    probability: Floats | None
    classes: int
    positive: int
    unit: Integers
    units: int


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


class Parts(Struct, frozen=True, kw_only=True, eq=False):
    """A metric as a function of sums over rows: `rows` has a column a sum, `value` maps sums (last axis) to it."""

    rows: Floats
    value: Callable[[Floats], Floats]


def answers(
    truth: Sequence[Any] | NDArray[Any],
    answer: Sequence[Any] | NDArray[Any],
    *,
    probability: Sequence[Sequence[float]] | Floats | None = None,
    classes: Sequence[Any] = (),
    positive: object = None,
    units: Sequence[Any] | NDArray[Any] | None = None,
) -> Answers:
    """Answers of one version: classification with `classes` (the probabilities' columns in order), else regression.

    `units` names the unit of each row (rows of a unit belong together); without it every row stands for itself.
    `positive` is the positive one of two classes, by default the later.  ValueError for lengths that differ, for
    numbers that are not finite (such rows are unscored, not scored badly) and for an unknown positive class.

    >>> score("accuracy", answers(["no", "yes"], ["no", "yes"], classes=["no", "yes"])).point
    1.0
    """
    rows = len(truth)
    if rows == 0 or len(answer) != rows or (units is not None and len(units) != rows):
        raise ValueError("truth, answers and units need one value a row, and at least one row")
    unit = np.arange(rows) if units is None else np.unique(np.asarray(units), return_inverse=True)[1]
    kept = None if probability is None else np.asarray(probability, dtype=np.float64)
    if kept is not None and (kept.shape != (rows, len(classes)) or not np.isfinite(kept).all()):
        raise ValueError(f"probabilities need a finite number for each of {rows} rows and {len(classes)} classes")
    if classes:
        known = list(classes)
        if positive is not None and positive not in known:
            raise ValueError(f"the positive class {positive!r} is none of {known}")
        place = known.index(positive) if positive is not None else len(known) - 1
        left, right = _codes(truth, known), _codes(answer, known)
    else:
        place = 0
        left, right = np.asarray(truth, dtype=np.float64), np.asarray(answer, dtype=np.float64)
        if not (np.isfinite(left).all() and np.isfinite(right).all()):
            raise ValueError("truth and predictions of a regression must be finite")
    return Answers(
        kind="classification" if classes else "regression",
        truth=left,
        answer=right,
        probability=kept,
        classes=len(classes),
        positive=place,
        unit=unit.astype(np.int64),
        units=int(unit.max()) + 1,
    )


def score(name: str, given: Answers, *, seed: int = 0) -> Score | None:
    """A metric by name with its 95 % interval: accuracy by Wilson, AUC by DeLong, the others by resampling units.

    `seed` (for instance from the digests of bundle and test set) makes the interval repeatable.  None for a metric
    that these answers do not have.  Wilson (1927); DeLong, DeLong and Clarke-Pearson (1988); Efron (1979).  Units are
    taken to be independent of one another, rows of one unit are not.

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


def compare(
    name: str, candidate: Answers, live: Answers, *, ratio: float | None = None, seed: int = 0
) -> Comparison | None:
    """Two versions on the same rows: accuracy by Wald, AUC by DeLong, the others by resampling units.

    With `ratio` r the statistics are of candidate - r * live.  None for a metric that these answers do not have,
    ValueError when the sides have other rows or units.  Papers and assumptions are those of `score`.

    >>> truth, classes = ["no", "yes", "yes", "no"], ["no", "yes"]
    >>> live = answers(truth, ["no", "yes", "no", "no"], classes=classes)
    >>> compare("accuracy", answers(truth, truth, classes=classes), live).statistics["difference"]
    0.25
    """
    if not np.array_equal(candidate.unit, live.unit):
        raise ValueError("a paired comparison needs the same rows and units on both sides")
    if name == "auc":
        return _auc_comparison(candidate, live, ratio)
    first, second = _parts(name, candidate), _parts(name, live)
    if first is None or second is None:
        return None
    here, there = _value(first), _value(second)
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


def _codes(labels: Sequence[Any] | NDArray[Any], classes: list[Any]) -> Integers:
    place = {label: at for at, label in enumerate(classes)}
    values = labels.tolist() if isinstance(labels, np.ndarray) else labels
    return np.fromiter((place.get(value, -1) for value in values), dtype=np.int64, count=len(labels))


def _value(parts: Parts) -> float:
    return float(parts.value(parts.rows.sum(axis=0)))


def _sum_score(name: str, given: Answers, seed: int) -> tuple[Interval, str] | None:
    parts = _parts(name, given)
    if parts is None or not np.isfinite(_value(parts)):
        return None
    point, rows = _value(parts), len(given.truth)
    if name == "accuracy" and given.units == rows:
        return wilson(float(parts.rows[:, 0].sum()), rows), "wilson"
    if name == "accuracy":
        spread = clustered_variance(((parts.rows[:, 0] - point) / rows).tolist(), given.unit.tolist())
        wide = wald_bounds(point, spread, alpha=0.025, degrees=max(1, given.units - 1))
        return Interval(point=point, low=max(0.0, wide.low), high=min(1.0, wide.high)), "wald"
    drawn = parts.value(_replicates(parts.rows, given, seed))
    drawn = drawn[np.isfinite(drawn)]
    ends = tails(drawn.tolist())
    return Interval(point=point, low=ends["low_0.025"], high=ends["high_0.025"]), "resample"


def _auc_score(given: Answers) -> tuple[Interval, str] | None:
    found = _curves(given)
    if found is None:
        return None
    point = float(np.mean([curve.area for _, curve in found]))
    spread = _auc_variance(given, found, None, 1.0)
    wide = wald_bounds(point, spread, alpha=0.025, degrees=max(1, given.units - 1))
    return Interval(point=point, low=max(0.0, wide.low), high=min(1.0, wide.high)), "delong"


def _auc_comparison(candidate: Answers, live: Answers, ratio: float | None) -> Comparison | None:
    first, second = _curves(candidate), _curves(live)
    if first is None or second is None or len(first) != len(second):
        return None
    here = float(np.mean([curve.area for _, curve in first]))
    there = float(np.mean([curve.area for _, curve in second]))
    smallest = [(float(mask.sum()), float((~mask).sum())) for mask, _ in first]
    statistics = {
        "difference": here - there,
        "variance": _auc_variance(candidate, first, second, 1.0),
        "n_positive": min(count for count, _ in smallest),
        "n_negative": min(count for _, count in smallest),
    }
    if ratio is not None:
        statistics["ratio_difference"] = here - ratio * there
        statistics["ratio_variance"] = _auc_variance(candidate, first, second, ratio)
    return Comparison(
        name="auc",
        candidate=here,
        live=there,
        rows=len(candidate.truth),
        units=candidate.units,
        method="delong",
        statistics=statistics | _of(candidate, ratio),
    )


Curves: TypeAlias = list[tuple[NDArray[np.bool_], Placements]]


def _curves(given: Answers) -> Curves | None:
    """The curve of the positive class, or with more than two classes one for each against the rest."""
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


def _auc_variance(given: Answers, first: Curves, second: Curves | None, ratio: float) -> float:
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


def _wald_statistics(first: Parts, second: Parts, given: Answers, times: float | None) -> dict[str, float]:
    right, right_live = first.rows[:, 0], second.rows[:, 0]
    found = _wald("", right, right_live, given, 1.0)
    return found if times is None else found | _wald("ratio_", right, right_live, given, times)


def _resampled_statistics(
    first: Parts, second: Parts, given: Answers, times: float | None, seed: int
) -> dict[str, float]:
    width = first.rows.shape[1]
    sums = _replicates(np.hstack([first.rows, second.rows]), given, seed)
    here, there = first.value(sums[:, :width]), second.value(sums[:, width:])
    found = _resampled("", _value(first) - _value(second), here - there)
    if times is not None:
        found |= _resampled("ratio_", _value(first) - times * _value(second), here - times * there)
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


def _replicates(rows: Floats, given: Answers, seed: int) -> Floats:
    """Sums over units drawn with replacement, one row a replicate."""
    source = np.random.default_rng(seed)
    unit, units = given.unit, given.units
    if units > MOST_UNITS:
        unit, units = source.permutation(units)[unit] % MOST_UNITS, MOST_UNITS
    sums = np.column_stack([np.bincount(unit, weights=column, minlength=units) for column in rows.T])
    drawn = np.empty((REPLICATES, rows.shape[1]))
    for at in range(REPLICATES):
        drawn[at] = np.bincount(source.integers(0, units, units), minlength=units) @ sums
    return drawn


def _parts(name: str, given: Answers) -> Parts | None:
    makers = CLASS_PARTS if given.kind == "classification" else NUMBER_PARTS
    maker = makers.get(name)
    return None if maker is None else maker(given)


def _mean(losses: Floats) -> Parts:
    return Parts(rows=np.column_stack([losses, np.ones(len(losses))]), value=lambda sums: sums[..., 0] / sums[..., 1])


def _accuracy(given: Answers) -> Parts:
    return _mean((given.truth == given.answer).astype(np.float64))


def _log_loss(given: Answers) -> Parts | None:
    if given.probability is None:
        return None
    kept = np.where(given.truth < 0, 0.0, given.probability[np.arange(len(given.truth)), given.truth])
    return _mean(-np.log(np.clip(kept, SMALLEST_PROBABILITY, 1.0)))


def _brier(given: Answers) -> Parts | None:
    if given.probability is None:
        return None
    hot = given.truth[:, None] == np.arange(given.classes)[None, :]
    squares = (given.probability - hot) ** 2
    return _mean(squares[:, given.positive] if given.classes == 2 else squares.sum(axis=1))


def _counts(given: Answers) -> tuple[Floats, int]:
    """Columns right, answered, true for the positive class, or with more than two classes for each."""
    which = [given.positive] if given.classes == 2 else range(given.classes)
    columns = []
    for place in which:
        true, answered = given.truth == place, given.answer == place
        columns += [true & answered, answered, true]
    return np.column_stack(columns).astype(np.float64), len(columns) // 3


def _over_classes(given: Answers, one: Callable[[Floats, Floats, Floats], Floats]) -> Parts:
    rows, classes = _counts(given)

    def value(sums: Floats) -> Floats:
        each = [one(sums[..., 3 * at], sums[..., 3 * at + 1], sums[..., 3 * at + 2]) for at in range(classes)]
        return np.asarray(np.mean(each, axis=0), dtype=np.float64)

    return Parts(rows=rows, value=value)


def _share(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.zeros_like(np.asarray(part, dtype=np.float64)), where=np.asarray(whole) > 0)


def _precision(given: Answers) -> Parts:
    return _over_classes(given, lambda right, answered, _true: _share(right, answered))


def _recall(given: Answers) -> Parts:
    return _over_classes(given, lambda right, _answered, true: _share(right, true))


def _f1(given: Answers) -> Parts:
    return _over_classes(given, lambda right, answered, true: _share(2.0 * right, answered + true))


def _balanced(given: Answers) -> Parts:
    """The mean recall over the classes that occur."""
    hot = given.truth[:, None] == np.arange(given.classes)[None, :]
    right = hot & (given.answer == given.truth)[:, None]
    classes = given.classes

    def value(sums: Floats) -> Floats:
        known = sums[..., classes:] > 0
        recalls = _share(sums[..., :classes], sums[..., classes:])
        return _share(recalls.sum(axis=-1), known.sum(axis=-1).astype(np.float64))

    return Parts(rows=np.hstack([right, hot]).astype(np.float64), value=value)


def _mae(given: Answers) -> Parts:
    return _mean(np.abs(given.truth - given.answer))


def _rmse(given: Answers) -> Parts:
    squares = _mean((given.truth - given.answer) ** 2)
    return Parts(rows=squares.rows, value=lambda sums: np.sqrt(squares.value(sums)))


def _r2(given: Answers) -> Parts:
    """1 - unexplained / total; truth is shifted by its mean so that the sums of squares keep their digits."""
    shifted = given.truth - given.truth.mean()
    rows = np.column_stack([(given.truth - given.answer) ** 2, shifted, shifted**2, np.ones(len(shifted))])

    def value(sums: Floats) -> Floats:
        total = np.asarray(sums[..., 2] - sums[..., 1] ** 2 / sums[..., 3])
        left = np.divide(sums[..., 0], total, out=np.full_like(total, np.inf), where=total > 0)
        return 1.0 - left

    return Parts(rows=rows, value=value)


CLASS_PARTS: dict[str, Callable[[Answers], Parts | None]] = {
    "accuracy": _accuracy,
    "balanced_accuracy": _balanced,
    "brier": _brier,
    "f1": _f1,
    "log_loss": _log_loss,
    "precision": _precision,
    "recall": _recall,
}
NUMBER_PARTS: dict[str, Callable[[Answers], Parts | None]] = {"mae": _mae, "r2": _r2, "rmse": _rmse}


def _constant(name: str, given: Answers) -> float | None:
    if given.kind == "regression":
        return constant_number_score(name, given.truth.tolist())
    counts = [int((given.truth == place).sum()) for place in range(given.classes)]
    return constant_class_score(name, counts, given.positive)
