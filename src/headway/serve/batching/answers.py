"""What a model answered for a batch, and the part of it that belongs to one request."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headway.evidence.bundle import Manifest
from headway.serve.fault import Fault

__all__ = ["Answers", "answers_of"]


class Answers:
    """Outputs of `count` rows by name: flat lists, `width` values a row; `scores` are the numbers as arrays."""

    __slots__ = ("count", "scores", "values", "width")

    def __init__(
        self,
        count: int,
        values: Mapping[str, list[Any]],
        width: Mapping[str, int],
        scores: Mapping[str, NDArray[np.floating[Any]]],
    ) -> None:
        self.count = count
        self.values = values
        self.width = width
        self.scores = scores

    def part(self, name: str, start: int, stop: int) -> list[Any]:
        """One output of the rows from `start` to `stop`."""
        width = self.width[name]
        return self.values[name][start * width : stop * width]


def answers_of(
    manifest: Manifest, count: int, labels: Mapping[str, list[Any]], numbers: Mapping[str, NDArray[np.floating[Any]]]
) -> Answers | Fault:
    """Check what a runtime gave by output (labels, and numbers as rows x width) against the signature.

    A score that is no finite number is no answer: a Fault, not a null in somebody's JSON.
    """
    values: dict[str, list[Any]] = {}
    width: dict[str, int] = {}
    for column in manifest.signature.outputs:
        name = column.name
        wanted = len(manifest.classes) if name == "probabilities" else column.width
        if name in labels:
            given, shape = labels[name], (len(labels[name]), 1)
        elif name in numbers:
            given, shape = numbers[name].ravel().tolist(), numbers[name].shape
            if not _finite(given):
                return Fault(500, f"the model answered no finite number in {name!r}", shared=True)
        else:
            return Fault(500, f"the model answers no {name!r}, which its signature promises")
        wanted = wanted or shape[1]
        if shape != (count, wanted):
            return Fault(500, f"the model answered {name!r} of shape {list(shape)}, expected {[count, wanted]}")
        values[name], width[name] = given, wanted
    return Answers(count, values, width, numbers)


def _finite(values: list[float]) -> bool:
    """A finite sum has finite parts, and is a tenth of the cost of asking each; a sum may also overflow by itself."""
    return math.isfinite(sum(values)) or all(map(math.isfinite, values))
