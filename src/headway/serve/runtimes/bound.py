"""Calls of ONNX Runtime for a few rows, in memory that is bound once: three quarters of a call that makes its own."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import onnxruntime
from msgspec import Struct
from numpy.typing import NDArray

__all__ = ["FEW", "TYPES", "bound"]

FEW = 8  # rows; of more, the model's own work is most of a call

TYPES: Mapping[str, type[np.generic]] = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
    "tensor(bool)": np.bool_,
}

Ask = Callable[[NDArray[np.float64]], Sequence[NDArray[Any]]]


def bound(session: onnxruntime.InferenceSession, names: Sequence[str], width: int) -> Ask | None:
    """Ask a model of one matrix, `width` numbers a row, for at most FEW rows.

    None where the graph takes or gives anything else than numbers of a known width, or gives not what it declares.
    """
    given, outputs = session.get_inputs(), {item.name: item for item in session.get_outputs()}
    taken = [outputs[name] for name in names]
    floats = len(given) == 1 and TYPES.get(given[0].type) in {np.float32, np.float64} and given[0].shape[1:] == [width]
    if not floats or not all(map(_known, (*given, *taken))):
        return None
    asked = _Bound(session, given[0], taken)
    return asked.ask if asked.agrees() else None


def _known(item: onnxruntime.NodeArg) -> bool:
    """Is it a tensor of so many rows as there are, each of a width that is declared?"""
    rows, *width = item.shape or [0]
    return item.type in TYPES and not isinstance(rows, int) and all(isinstance(size, int) for size in width)


class _Place(Struct, frozen=True, gc=False):
    """Where a number of rows goes, and where what is answered for them comes."""

    binding: onnxruntime.IOBinding
    given: NDArray[Any]
    taken: Sequence[NDArray[Any]]


class _Bound:
    """A session and its places, by the number of rows."""

    def __init__(
        self, session: onnxruntime.InferenceSession, given: onnxruntime.NodeArg, taken: Sequence[onnxruntime.NodeArg]
    ) -> None:
        self._session = session
        self._given = given
        self._taken = taken
        self._places: dict[int, _Place] = {}

    def ask(self, numbers: NDArray[np.float64]) -> Sequence[NDArray[Any]]:
        """The outputs for these rows, each an array of its own: the next call writes where this one's came."""
        place = self._places.get(len(numbers)) or self._place(len(numbers))
        np.copyto(place.given, numbers, casting="same_kind")
        self._session.run_with_iobinding(place.binding)
        return [each.copy() for each in place.taken]

    def agrees(self) -> bool:
        """Does it answer as a call does that binds nothing?  A graph may give other shapes than it declares."""
        zeros = np.zeros((2, *self._given.shape[1:]))
        names = [item.name for item in self._taken]
        try:
            plain = self._session.run(names, {self._given.name: zeros.astype(TYPES[self._given.type])})
            mine = self.ask(zeros)
        except Exception:  # noqa: BLE001 - ONNX Runtime raises a class for each of its status codes
            return False
        pairs = zip(plain, mine, strict=True)
        return all(one.dtype == two.dtype and np.array_equal(one, two, equal_nan=True) for one, two in pairs)

    def _place(self, rows: int) -> _Place:
        given, *taken = (_array(item, rows) for item in (self._given, *self._taken))
        binding = self._session.io_binding()
        binding.bind_cpu_input(self._given.name, given)
        for item, array in zip(self._taken, taken, strict=True):
            binding.bind_output(item.name, "cpu", 0, array.dtype.type, array.shape, array.ctypes.data)
        return self._places.setdefault(rows, _Place(binding, given, taken))


def _array(item: onnxruntime.NodeArg, rows: int) -> NDArray[Any]:
    return np.zeros((rows, *item.shape[1:]), TYPES[item.type])
