"""One version's answers on the test rows beside the truth, as arrays that every metric reads."""

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

__all__ = ["Answers", "Floats", "Integers", "answers"]

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]


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

    >>> answers(["no", "yes"], ["no", "maybe"], classes=["no", "yes"]).answer.tolist()
    [0, -1]
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


def _codes(labels: Sequence[Any] | NDArray[Any], classes: list[Any]) -> Integers:
    place = {label: at for at, label in enumerate(classes)}
    values = labels.tolist() if isinstance(labels, np.ndarray) else labels
    return np.fromiter((place.get(value, -1) for value in values), dtype=np.int64, count=len(labels))
