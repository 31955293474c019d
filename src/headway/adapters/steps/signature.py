"""What a model takes and answers, from the training rows and what the model says of itself."""

from collections.abc import Mapping
from typing import Any, Literal

import polars as pl

from headway.evidence.bundle import Column, Signature
from headway.spec.model import Model

__all__ = ["columns_of", "signature_of"]

Kind = Literal["float64", "int64", "bool", "string"]


def columns_of(frame: pl.DataFrame, model: Model) -> tuple[Column, ...]:
    """Columns that may be features: all but the label, the unit, the split's column and those dropped.

    A number may be missing in a request unless `expect` says `nulls_at_most: 0%`; anything else only if it is missing
    in training.
    """
    data = model.spec.data
    apart = {model.spec.task.label, data.unit, data.split.by, *data.drop}
    return tuple(_column(frame[name], model) for name in frame.columns if name not in apart)


def _column(values: pl.Series, model: Model) -> Column:
    kind = _kind(values.dtype)
    expect = model.spec.data.expect.get(values.name)
    forbidden = expect is not None and expect.nulls_at_most == 0
    return Column(
        name=values.name, type=kind, nullable=not forbidden and (kind == "float64" or values.null_count() > 0)
    )


def _kind(dtype: pl.DataType) -> Kind:
    if dtype == pl.Boolean:
        return "bool"
    if dtype.is_integer():
        return "int64"
    return "float64" if dtype.is_numeric() else "string"


def signature_of(columns: tuple[Column, ...], said: Mapping[str, Any], model: Model) -> Signature:
    """The columns that the model named, in its order, and its answers."""
    known = {column.name: column for column in columns}
    inputs = tuple(known.get(name, Column(name=name, type="float64", nullable=True)) for name in said["columns"])
    if model.spec.task.kind == "regression":
        return Signature(inputs=inputs, outputs=(Column(name="prediction", type="float64"),))
    outputs = [Column(name="label", type=_label(said["classes"]))]
    if said["probabilities"]:
        outputs.append(Column(name="probabilities", type="float64"))
    return Signature(inputs=inputs, outputs=tuple(outputs))


def _label(classes: list[object]) -> Kind:
    if classes and all(isinstance(value, bool) for value in classes):
        return "bool"
    return "int64" if classes and all(isinstance(value, int) for value in classes) else "string"
