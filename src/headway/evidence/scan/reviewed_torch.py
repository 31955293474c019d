"""The reviewed globals of torch: tensors and state dicts.  A pickled `Module` names the team's own classes.

Left out on purpose: `_rebuild_parameter_with_state` (sets any attribute), `torch.jit`, `torch.hub`, `torch:load`.
"""

from collections.abc import Mapping

from headway.evidence.scan.use import Use, listed

__all__ = ["STORAGES", "TORCH"]

# Bytes of an element by storage class; the names of their state's tensors are persistent ids.
STORAGES: Mapping[str, int] = {
    "torch:DoubleStorage": 8, "torch:FloatStorage": 4, "torch:HalfStorage": 2, "torch:BFloat16Storage": 2,
    "torch:LongStorage": 8, "torch:IntStorage": 4, "torch:ShortStorage": 2, "torch:CharStorage": 1,
    "torch:ByteStorage": 1, "torch:BoolStorage": 1, "torch:ComplexFloatStorage": 8, "torch:ComplexDoubleStorage": 16,
    "torch.storage:UntypedStorage": 1,
}  # fmt: skip

_TYPES = (
    "float16 float32 float64 half float double bfloat16 int8 int16 int32 int64 short int long uint8 bool complex64"
    " complex128 strided"
)
_CALLED = {"torch": "Size device", "torch._utils": "_rebuild_tensor _rebuild_tensor_v2 _rebuild_parameter"}

TORCH: Mapping[str, Use] = {
    **dict(listed(Use.VALUE, {"torch": _TYPES})),
    **dict.fromkeys(STORAGES, Use.VALUE),
    **dict(listed(Use.CALL, _CALLED)),
}
