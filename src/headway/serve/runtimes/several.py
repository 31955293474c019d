"""Answers of a classifier that gives several labels at once, parted label by label.

Used here, and by its path in the team's own interpreter: it imports nothing of headway, and of others only numpy.
"""
# ruff: noqa: ANN401 - arrays have the types of an interpreter that is not ours

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

__all__ = ["parted"]


def parted(name: str, given: Any, classes: Sequence[int]) -> dict[str, Any]:
    """Output `name` as the model gave it becomes `name_0`, `name_1`, …; ValueError when it is none of so many labels.

    `classes` says how many each label has.  Labels are a matrix, rows x labels.  Probabilities are a matrix, rows x
    classes, for each label; or, where every label is there or not, one matrix of the chances that it is there, rows x
    labels (`OneVsRestClassifier`, `MLPClassifier`, `ClassifierChain`).

    >>> import numpy
    >>> found = parted("probabilities", numpy.array([[0.25, 1.0]]), [2, 2])
    >>> {name: part.tolist() for name, part in found.items()}
    {'probabilities_0': [[0.75, 0.25]], 'probabilities_1': [[0.0, 1.0]]}
    """
    numpy = importlib.import_module("numpy")
    if name == "label":
        parts = list(numpy.asarray(given).T)
    elif isinstance(given, (list, tuple)) or given.ndim == 3:
        parts = [numpy.asarray(part) for part in given]
    else:
        parts = [numpy.stack([1 - chance, chance], axis=1) for chance in given.T]
    if len(parts) != len(classes) or any(
        part.ndim == 2 and part.shape[1] != count
        for part, count in zip(parts, classes)  # noqa: B905 - Python 3.9
    ):
        shapes = ", ".join(str(list(part.shape)) for part in parts)
        raise ValueError(f"the model answered {name} of {shapes} for labels of {list(classes)} classes")
    return {f"{name}_{at}": part for at, part in enumerate(parts)}
