"""Facts of the training and test rows that expectations are judged by.  Judges nothing.

Values of a column are named only where the spec lists its categories; elsewhere counts and bounds are kept.
"""

from collections.abc import Collection

import polars as pl

from headway.adapters.data.rows import both_parts
from headway.evidence.measurement import ColumnFacts, DataFacts
from headway.reconcile.ports import Store
from headway.spec.data import Data, Expect
from headway.spec.lock import Lock

__all__ = ["facts"]

# So many unseen values are named, so many characters of each.
NAMED = 10
LETTERS = 80
_ISO = r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?$"


def facts(store: Store, lock: Lock, data: Data) -> DataFacts:
    """Column by column, and how many test rows stand, value for value, among the training rows too."""
    train, test = (_plain(part) for part in both_parts(store, lock))
    leaked = test.join(train.unique(), on=test.columns, how="semi", nulls_equal=True) if test.width else test
    return DataFacts(
        train=tuple(_column(column, data.expect.get(column.name), None) for column in train.iter_columns()),
        test=tuple(_column(column, data.expect.get(column.name), train[column.name]) for column in test.iter_columns()),
        train_rows=train.height,
        test_rows=test.height,
        leaked_rows=leaked.height,
    )


def _plain(frame: pl.DataFrame) -> pl.DataFrame:
    """NaN as null, categories as their texts, and nested values as texts, so that all can be compared."""
    return frame.with_columns(_comparable(column) for column in frame.iter_columns())


def _comparable(column: pl.Series) -> pl.Series:
    if column.dtype.is_float():
        return column.fill_nan(None)
    if column.dtype in {pl.Categorical, pl.Enum}:
        return column.cast(pl.String)
    if column.dtype.is_nested() or column.dtype in {pl.Object, pl.Binary}:
        return pl.Series(column.name, [None if value is None else str(value) for value in column], dtype=pl.String)
    return column


def _column(column: pl.Series, expect: Expect | None, train: pl.Series | None) -> ColumnFacts:
    texts, known = column.cast(pl.String).drop_nulls(), _known(expect, train)
    unseen = texts.clear() if known is None else texts.filter(~texts.is_in(list(known)))
    bounded = column.dtype.is_numeric() and column.null_count() < len(column)
    return ColumnFacts(
        name=column.name,
        type=_type(column, expect),
        rows=len(column),
        nulls=column.null_count(),
        distinct=column.drop_nulls().n_unique(),
        low=float(column.min()) if bounded else None,  # type: ignore[arg-type]  # numeric, and not all null
        high=float(column.max()) if bounded else None,  # type: ignore[arg-type]  # the same
        unseen=tuple(text[:LETTERS] for text in sorted(unseen.unique())[:NAMED]),
        unseen_rows=len(unseen),
    )


def _known(expect: Expect | None, train: pl.Series | None) -> Collection[str] | None:
    """The values that are expected; None when the column is not asked for its categories."""
    if expect is None or expect.categories is None:
        return None
    if expect.categories != "train":
        return expect.categories
    return None if train is None else train.drop_nulls().unique().cast(pl.String).to_list()


def _type(column: pl.Series, expect: Expect | None) -> str:
    dtype = column.dtype
    if dtype.is_integer():
        return "integer"
    if dtype.is_numeric():
        return "number"
    if dtype == pl.Boolean:
        return "boolean"
    if dtype.is_temporal():
        return "time"
    # An ISO text is a time and a string; it is called what the spec calls it.
    asked = expect is not None and expect.type == "time"
    return "time" if asked and column.drop_nulls().str.contains(_ISO).all() else "string"
