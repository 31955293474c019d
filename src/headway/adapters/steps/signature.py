"""What a model takes and answers, from the reference rows and what the model says of itself."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import polars as pl

from headway.adapters.steps.subject import Subject, Task
from headway.evidence.bundle import Class, Column, Signature
from headway.reconcile.ports import PortError
from headway.spec.data import Data

__all__ = ["classes_of", "labels_of", "outputs_of", "plain", "signature_of"]

Kind = Literal["float64", "int64", "bool", "string"]
Said = Mapping[str, Any]
CLASSES_AT_MOST = 1000


def plain(frame: pl.DataFrame) -> pl.DataFrame:
    """Rows as a request would carry them: numbers, booleans and texts."""
    return frame.with_columns(_plain(column) for column in frame.iter_columns())


def _plain(column: pl.Series) -> pl.Series:
    if column.dtype == pl.Boolean or column.dtype.is_integer():
        return column
    if column.dtype.is_numeric():
        return column.cast(pl.Float64).fill_nan(None)
    if column.dtype.is_nested() or column.dtype == pl.Binary:
        return pl.Series(column.name, [None if value is None else str(value) for value in column], dtype=pl.String)
    return column.cast(pl.String)


def signature_of(said: Said, subject: Subject, outputs: Sequence[Column]) -> Signature:
    """The columns that the model names, in its order, or else all that may be features; PortError when it takes others.

    A number may be missing in a request unless `expect` says `nulls_at_most: 0%`; anything else only if it is missing
    in the reference too.
    """
    frame, data, label = subject.reference, subject.data, subject.label
    apart = {label, data.unit, data.split.by, *data.drop}
    features = [name for name in frame.columns if name not in apart]
    named: list[str] | None = said["columns"]
    if named is None or (subject.predict and not set(named) <= set(frame.columns)):
        count = said["count"]
        if not subject.predict and count is not None and count != len(features):
            raise PortError(
                f"The model was fitted on {count} columns without names, and the data have {len(features)} that may be "
                f"features ({', '.join(features[:10])}). Fit it on a DataFrame, or leave the others out of the data "
                "(data.drop in a repository)."
            )
        named = features
    if label in named:
        raise PortError(f"The model takes {label!r}, the label itself, as a feature. Fit it without that column.")
    if missing := [name for name in named if name not in frame.columns]:
        raise PortError(
            f"The model takes {', '.join(missing[:5])}, which the data do not have: whoever asks could not send it. "
            "Compute it inside the pipeline, or in a predict.py."
        )
    types: Mapping[str, Kind] = said.get("types", {})
    return Signature(
        inputs=tuple(_column(frame[name], data, types.get(name)) for name in named), outputs=tuple(outputs)
    )


def _column(values: pl.Series, data: Data, told: Kind | None) -> Column:
    """`told` is the type that the model itself takes where it says so; only floats can be missing there."""
    if told and told != "float64":
        return Column(name=values.name, type=told)
    kind, absent = _kind(values), values.null_count() > 0
    expect = data.expect.get(values.name)
    complete = expect is not None and expect.nulls_at_most == 0
    return Column(name=values.name, type=kind, nullable=not complete and (kind == "float64" or absent))


def _kind(values: pl.Series) -> Kind:
    if values.dtype == pl.Boolean:
        return "bool"
    if values.dtype.is_integer():
        # With a value missing, pandas reads integers as floats, and so the model learnt them.
        return "float64" if values.null_count() else "int64"
    return "float64" if values.dtype.is_numeric() else "string"


def classes_of(said: Said, subject: Subject) -> tuple[Class, ...]:
    """The classes in the order of the probabilities: the model's own, or else the labels of the reference.

    None where the model answers numbers, or several labels, each with classes of its own.
    """
    if said["task"] == "regression" or said.get("labels"):
        return ()
    classes = said["classes"]
    if classes is None:
        if subject.label not in subject.reference.columns:
            raise PortError("The model does not name its classes. Name the column of labels, whose values they are.")
        classes = subject.reference[subject.label].drop_nulls().unique().sort().to_list()
    if not 2 <= len(classes) <= CLASSES_AT_MOST:
        raise PortError(f"There are {len(classes)} classes; a classification needs 2 to {CLASSES_AT_MOST}.")
    if subject.positive is not None and subject.positive not in classes:
        shown = ", ".join(map(repr, classes[:10]))
        raise PortError(f"task.positive is {subject.positive!r}, which is none of the classes {shown}.")
    return tuple(classes)


def outputs_of(task: Task, classes: Sequence[object], *, probabilities: bool, width: int) -> tuple[Column, ...]:
    """What the model answers; `width` numbers a row, 0 for as many as it gives."""
    if task == "regression":
        return (Column(name="prediction", type="float64", width=width),)
    label = Column(name="label", type=_label(classes))
    return (label, Column(name="probabilities", type="float64")) if probabilities else (label,)


def labels_of(labels: Sequence[Sequence[Class]], *, probabilities: bool) -> tuple[Column, ...]:
    """What a model answers that gives several labels at once, each with its classes: labels, then probabilities."""
    found = [
        Column(name=f"label_{at}", type=_label(classes), classes=tuple(classes)) for at, classes in enumerate(labels)
    ]
    if probabilities:
        found += [
            Column(name=f"probabilities_{at}", type="float64", width=len(classes), classes=tuple(classes))
            for at, classes in enumerate(labels)
        ]
    return tuple(found)


def _label(classes: Sequence[object]) -> Kind:
    if all(isinstance(value, bool) for value in classes):
        return "bool"
    return "int64" if all(isinstance(value, int) for value in classes) else "string"
