"""The manifest of a bundle: what a model is made of, what it takes, what it answers.

A bundle is a folder named by its folder digest (`folder.py`); bundle.json lists every other file in it.  Outputs are
`label` and `probabilities` (rows x classes, in the order of `classes`) for classification, `prediction` (rows x its
width) for regression.  A classifier that answers several labels at once has `label_0`, `probabilities_0` and so on.
"""

from typing import Literal

from msgspec import Struct

from headway.evidence.folder import FileDigest
from headway.evidence.summary import Summary

__all__ = ["BUNDLE_FILE", "Class", "Column", "Manifest", "Parity", "Signature", "classes_of", "is_label"]

BUNDLE_FILE = "bundle.json"

ColumnType = Literal["float64", "int64", "bool", "string"]
Class = str | int | bool


class Column(Struct, frozen=True, kw_only=True):
    """One input or output by name; `nullable` says whether a request may leave it out or send null.

    `width` is how many values an output has a row; 0, only while a model is packaged, takes as many as it answers.
    Probabilities are as wide as there are classes, whatever it says.  `classes` are those of an output that is one of
    several labels; of a single label the manifest names them.
    """

    name: str
    type: ColumnType
    nullable: bool = False
    categories: tuple[str, ...] | None = None
    width: int = 1
    classes: tuple[Class, ...] = ()


class Signature(Struct, frozen=True, kw_only=True):
    """Inputs in the order the model wants them; outputs in the order they are answered."""

    inputs: tuple[Column, ...]
    outputs: tuple[Column, ...]


class Parity(Struct, frozen=True, kw_only=True):
    """How the converted model compares with the original on the same rows: `test_rows` of them are of the test part.

    Edge rows are made: values missing, unseen, empty, extreme.  `edges` names those on which the two part, and those
    on which the original fails and the converted model answers, which is told and counts as no mismatch.  `required`
    are columns that were never missing and must be sent, because the two part when one of them is missing.
    """

    rows: int
    mismatches: int
    largest_difference: float
    test_rows: int = 0
    edge_rows: int = 0
    edge_mismatches: int = 0
    edges: tuple[str, ...] = ()
    required: tuple[str, ...] = ()


class Manifest(Struct, frozen=True, kw_only=True):
    """bundle.json.

    `runtime` is `onnx` (answered in the server's process) or `python` (a process in the requirements'
    environment behind the same server); `reason` says why a model is not converted to ONNX.  `classes` are empty for
    a regression, and where there are several labels.
    """

    model: str
    version: str
    task: Literal["classification", "regression"]
    classes: tuple[Class, ...] = ()
    positive: Class | None = None
    signature: Signature
    runtime: Literal["onnx", "python"]
    entry: str
    predict: str | None = None
    reason: str = ""
    parity: Parity | None = None
    requirements: str = ""
    code: tuple[str, ...] = ()
    files: tuple[FileDigest, ...] = ()
    summary: Summary | None = None
    trained_from: str = ""


def is_label(output: str) -> bool:
    """Does an output of this name hold labels?

    >>> is_label("label"), is_label("label_1"), is_label("probabilities_1")
    (True, True, False)
    """
    return output.partition("_")[0] == "label"


def classes_of(manifest: Manifest, output: Column) -> tuple[Class, ...]:
    """The classes that a label is one of, or whose probabilities an output holds; none for other numbers."""
    return output.classes or (() if output.name == "prediction" else manifest.classes)
