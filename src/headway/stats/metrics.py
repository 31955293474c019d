"""What is known of the metrics apart from their values: which way is better, and what a constant answer scores."""

import math
from collections.abc import Callable, Mapping, Sequence

__all__ = ["LESS_IS_BETTER", "constant_class_score", "constant_number_score"]

LESS_IS_BETTER = frozenset({"brier", "log_loss", "mae", "rmse"})

Shares = Sequence[float]

# Metric -> its best value for one constant answer, from the shares of all classes and those of the classes asked for
# (the positive one of two, else all).  Recall is absent: answering always yes drives it to 1.
OF_CLASSES: Mapping[str, Callable[[Shares, Shares], float]] = {
    "accuracy": lambda shares, _asked: max(shares),
    "auc": lambda _shares, _asked: 0.5,
    "balanced_accuracy": lambda shares, _asked: 1.0 / sum(1 for share in shares if share),
    "precision": lambda _shares, asked: max(asked) / len(asked),
    "f1": lambda _shares, asked: max(2.0 * share / (1.0 + share) for share in asked) / len(asked),
    "log_loss": lambda shares, _asked: -sum(share * math.log(share) for share in shares if share),
    "brier": lambda _shares, asked: sum(share * (1.0 - share) for share in asked),
}


def constant_class_score(name: str, counts: Sequence[int], positive: int) -> float | None:
    """The best score of a model that gives every row the same answer; `counts` are the rows of each class.

    None for a metric that no constant answer can fail, and for rows of no known class.

    >>> constant_class_score("accuracy", [70, 30], 1)
    0.7
    """
    rows, best = sum(counts), OF_CLASSES.get(name)
    if rows == 0 or best is None:
        return None
    shares = [count / rows for count in counts]
    return best(shares, [shares[positive]] if len(shares) == 2 else shares)


def constant_number_score(name: str, truth: Sequence[float]) -> float | None:
    """The best score of a regression that gives every row the same number: its median, or its mean.

    >>> constant_number_score("mae", [1.0, 2.0, 6.0])
    1.6666666666666667
    """
    rows = len(truth)
    mean = math.fsum(truth) / rows
    match name:
        case "mae":
            middle = sorted(truth)[rows // 2]
            return math.fsum(abs(value - middle) for value in truth) / rows
        case "rmse":
            return math.sqrt(math.fsum((value - mean) ** 2 for value in truth) / rows)
        case "r2":
            return 0.0
        case _:
            return None
