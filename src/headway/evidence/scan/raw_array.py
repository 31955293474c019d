"""How many bytes joblib writes behind a NumpyArrayWrapper, by the array's description (joblib/numpy_pickle.py)."""

import math

from headway.evidence.scan.array_type import described
from headway.evidence.scan.fault import ForbiddenError
from headway.evidence.scan.shadow import Fields, Global, Shadow

__all__ = ["WRAPPER", "padded", "raw_size"]

WRAPPER = "joblib.numpy_pickle:NumpyArrayWrapper"

_PADDING = "numpy_array_alignment_bytes"
_KEYS = {"subclass", "shape", "order", "dtype", "allow_mmap", _PADDING}
_SUBCLASSES = {"numpy:ndarray", "numpy:memmap", "numpy:matrix"}


def raw_size(states: list[Shadow]) -> int | None:
    """Bytes of the array behind a wrapper with these states; None when it is a pickle of its own."""
    fields = _fields(states)
    shape, kind = fields.get("shape"), described(fields.get("dtype"))
    if not isinstance(shape, tuple) or not all(isinstance(size, int) and size >= 0 for size in shape):
        raise ForbiddenError("a joblib array of unknown shape")
    return None if kind.objects else math.prod(size for size in shape if isinstance(size, int)) * kind.width


def padded(states: list[Shadow]) -> bool:
    """Does a byte with the length of a padding come first?  Since joblib 1.2 it does."""
    return _fields(states).get(_PADDING) is not None


def _fields(states: list[Shadow]) -> dict[str, Shadow]:
    state = states[0] if len(states) == 1 else None
    if not isinstance(state, Fields) or not state.whole or not state.known.keys() <= _KEYS:
        raise ForbiddenError("a joblib array whose description is computed")
    subclass = state.known.get("subclass")
    if not isinstance(subclass, Global) or subclass.name not in _SUBCLASSES:
        raise ForbiddenError("a joblib array of an unknown class")
    return state.known
