"""Which data a model learns from, how it is split, and what is expected of it."""

from typing import Literal

from msgspec import Struct

from headway.spec.quantity import Seconds, Share

__all__ = ["Data", "Expect", "Rows", "Split"]


class Split(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How rows part into training and test.

    Attributes:
        by: The column that says when a row happened: the newest rows test, those before them train. Without it rows are
            drawn by a seeded hash of their unit.
        train: How much before the test rows trains: a duration or a share; all by default.
        test: How much tests: a duration (with `by`) or a share.
        seed: Draws other rows when changed; of use without `by`.
    """

    by: str | None = None
    train: Seconds | Share | None = None
    test: Seconds | Share = 0.2
    seed: int = 0


class Expect(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a column must look like, judged on the training and the test rows.

    Attributes:
        type: The type of its values.
        between: The least and the greatest value.
        categories: The values that it may have; `train` takes those of the training rows.
        nulls_at_most: The share of rows that may lack a value.
        unique: Is each value there once?
    """

    type: Literal["number", "integer", "string", "boolean", "time"] | None = None
    between: tuple[float, float] | None = None
    categories: Literal["train"] | tuple[str, ...] | None = None
    nulls_at_most: Share | None = None
    unique: bool = False


class Rows(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How many rows there must be.

    Attributes:
        train_at_least: The fewest training rows.
        test_at_least: The fewest test rows.
        leaked_at_most: The share of test rows that may also stand among the training rows.
    """

    train_at_least: int = 1
    test_at_least: int = 1
    leaked_at_most: Share = 0.0


class Data(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The data of a model: `path`, or both `train` and `test`.

    Attributes:
        path: A pattern for the data files, which Headway splits; `*` stays in a folder, `**` crosses folders.
        train: A pattern for the training files, where the team splits.
        test: A pattern for the test files, where the team splits.
        split: How `path` is split.
        unit: The column whose equal values belong together (a day, a customer): intervals count units, and a unit is
            never split.
        drop: Columns that are no features.
        expect: What columns must look like, by their name.
        rows: How many rows there must be.
    """

    path: str | None = None
    train: str | None = None
    test: str | None = None
    split: Split = Split()
    unit: str | None = None
    drop: tuple[str, ...] = ()
    expect: dict[str, Expect] = {}
    rows: Rows = Rows()
