"""Metrics as functions of sums over rows: what can be drawn anew by units without looking at a row twice."""

from collections.abc import Callable, Mapping

import numpy as np
from msgspec import Struct

from headway.stats.arrays.answers import Answers, Floats

__all__ = ["Parts", "parts_of", "value_of"]

SMALLEST_PROBABILITY = 1e-15


class Parts(Struct, frozen=True, kw_only=True, eq=False):
    """A metric as a function of sums over rows: `rows` has a column a sum, `value` maps sums (last axis) to it."""

    rows: Floats
    value: Callable[[Floats], Floats]


def parts_of(name: str, given: Answers) -> Parts | None:
    """The parts of a metric by name; None for one that these answers do not have.

    >>> from headway.stats.arrays.answers import answers
    >>> found = parts_of("accuracy", answers(["no", "yes"], ["no", "no"], classes=["no", "yes"]))
    >>> value_of(found), parts_of("rmse", answers(["no"], ["no"], classes=["no"]))
    (0.5, None)
    """
    makers = CLASS_PARTS if given.kind == "classification" else NUMBER_PARTS
    maker = makers.get(name)
    return None if maker is None else maker(given)


def value_of(parts: Parts) -> float:
    """The metric on all rows; not finite where it has no value.

    >>> from headway.stats.arrays.answers import answers
    >>> value_of(parts_of("mae", answers([1.0, 2.0], [1.0, 3.0])))
    0.5
    """
    return float(parts.value(parts.rows.sum(axis=0)))


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


CLASS_PARTS: Mapping[str, Callable[[Answers], Parts | None]] = {
    "accuracy": _accuracy,
    "balanced_accuracy": _balanced,
    "brier": _brier,
    "f1": _f1,
    "log_loss": _log_loss,
    "precision": _precision,
    "recall": _recall,
}
NUMBER_PARTS: Mapping[str, Callable[[Answers], Parts | None]] = {"mae": _mae, "r2": _r2, "rmse": _rmse}
