"""The manifest of a bundle: what a model is made of, what it takes, what it answers.

The digest of the canonical manifest names the bundle; every file in it is named with its own digest.
"""

from typing import Literal

from msgspec import Struct

from headway.evidence.summary import Summary

__all__ = ["BUNDLE_FILE", "BundleFile", "Column", "Manifest", "Parity", "Signature"]

BUNDLE_FILE = "bundle.json"

ColumnType = Literal["float64", "int64", "bool", "string"]


class Column(Struct, frozen=True, kw_only=True):
    """One input or output by name; `nullable` says whether a request may leave it out or send null."""

    name: str
    type: ColumnType
    nullable: bool = False
    categories: tuple[str, ...] | None = None


class Signature(Struct, frozen=True, kw_only=True):
    """Inputs in the order the model wants them; outputs in the order they are answered."""

    inputs: tuple[Column, ...]
    outputs: tuple[Column, ...]


class BundleFile(Struct, frozen=True, kw_only=True):
    """A file of the bundle: path relative to the bundle, size in bytes, SHA-256."""

    path: str
    size: int
    sha256: str


class Parity(Struct, frozen=True, kw_only=True):
    """How the converted model compares with the original on the same rows."""

    rows: int
    mismatches: int
    largest_difference: float


class Manifest(Struct, frozen=True, kw_only=True):
    """bundle.json.

    `runtime` is `onnx` (answered in the server's process) or `python` (a process in the requirements'
    environment behind the same server); `reason` says why a model is not served as ONNX.
    """

    model: str
    version: str
    task: Literal["classification", "regression"]
    classes: tuple[str | int | bool, ...] = ()
    positive: str | int | bool | None = None
    signature: Signature
    runtime: Literal["onnx", "python"]
    entry: str
    predict: str | None = None
    reason: str = ""
    parity: Parity | None = None
    requirements: str = ""
    code: tuple[str, ...] = ()
    files: tuple[BundleFile, ...] = ()
    summary: Summary | None = None
    trained_from: str = ""
