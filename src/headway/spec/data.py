"""Which data a model learns from, how it is split, and what is expected of it."""

from typing import Literal

from msgspec import Struct

from headway.spec.quantity import Seconds, Share

__all__ = ["Data", "Expect", "Rows", "Split"]


class Split(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How rows part into training and test.

    With `by`, the column's newest `test` (a duration or a share) are test rows and rows within `train` before
    them train; without `by`, `test` is a share drawn by a seeded hash of each row's unit.
    """

    by: str | None = None
    train: Seconds | Share | None = None
    test: Seconds | Share = 0.2
    seed: int = 0


class Expect(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a column must look like, judged on the training and the test rows."""

    type: Literal["number", "integer", "string", "boolean", "time"] | None = None
    between: tuple[float, float] | None = None
    categories: Literal["train"] | tuple[str, ...] | None = None
    nulls_at_most: Share | None = None
    unique: bool = False


class Rows(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How many rows there must be, and how many test rows may also stand among the training rows."""

    train_at_least: int = 1
    test_at_least: int = 1
    leaked_at_most: Share = 0.0


class Data(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The data of a model; give `path`, or both `train` and `test`.  Paths are relative to the model's folder."""

    path: str | None = None
    train: str | None = None
    test: str | None = None
    split: Split = Split()
    unit: str | None = None
    drop: tuple[str, ...] = ()
    expect: dict[str, Expect] = {}
    rows: Rows = Rows()
