"""The messages of ONNX up to version 1.23 (onnx.proto, IR 13): which field holds which message; "" is a value.

A field that is not here is refused: whoever reads it knows more than we do.
"""

from collections.abc import Mapping

__all__ = ["SCHEMA", "WIDTHS"]


def _message(values: str, **inner: str) -> Mapping[int, str]:
    """Numbers of the fields that are values, and `message="numbers"` for those that hold a message."""
    held = {int(number): name for name, numbers in inner.items() for number in numbers.split()}
    return {**dict.fromkeys(map(int, values.split()), ""), **held}


SCHEMA: Mapping[str, Mapping[int, str]] = {
    "Model": _message("1 2 3 4 5 6", OperatorSet="8", Graph="7", Pair="14", Training="20", Function="25", Device="26"),
    "Graph": _message(
        "2 10", Node="1", Tensor="5", SparseTensor="15", ValueInfo="11 12 13", Annotation="14", Pair="16"
    ),
    "Node": _message("1 2 3 4 6 7 8", Attribute="5", Pair="9", NodeDevice="10"),
    "Attribute": _message("1 2 3 4 7 8 9 13 20 21", Tensor="5 10", Graph="6 11", SparseTensor="22 23", Type="14 15"),
    "Tensor": _message("1 2 4 5 6 7 8 9 10 11 12 14", Segment="3", Pair="13 16"),
    "SparseTensor": _message("3", Tensor="1 2"),
    "Function": _message("1 4 5 6 8 10 13", Attribute="11", Node="7", OperatorSet="9", ValueInfo="12", Pair="14"),
    "ValueInfo": _message("1 3", Type="2", Pair="4"),
    "Type": _message("6", TensorType="1 8", ElementType="4 9", MapType="5", Opaque="7"),
    "TensorType": _message("1", Shape="2"),
    "Shape": _message("", Dimension="1"),
    "Dimension": _message("1 2 3"),
    "ElementType": _message("", Type="1"),
    "MapType": _message("1", Type="2"),
    "Opaque": _message("1 2"),
    "Annotation": _message("1", Pair="2"),
    "OperatorSet": _message("1 2"),
    "Segment": _message("1 2"),
    "Pair": _message("1 2"),
    "Device": _message("1 2 3"),
    "NodeDevice": _message("1 3", Sharding="2"),
    "Sharding": _message("1 2", DeviceGroup="3", ShardedDimension="4"),
    "DeviceGroup": _message("1 2"),
    "ShardedDimension": _message("1", SimpleSharding="2"),
    "SimpleSharding": _message("1 2 3"),
}

# Bits of an element by TensorProto.DataType; 8 is a text and has no size.
WIDTHS: Mapping[int, int] = {
    1: 32, 2: 8, 3: 8, 4: 16, 5: 16, 6: 32, 7: 64, 9: 8, 10: 16, 11: 64, 12: 32, 13: 64, 14: 64, 15: 128, 16: 16,
    17: 8, 18: 8, 19: 8, 20: 8, 21: 4, 22: 4, 23: 4, 24: 8, 25: 2, 26: 2, 27: 6, 28: 6,
}  # fmt: skip
