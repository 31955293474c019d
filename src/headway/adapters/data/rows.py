"""Reads the rows of a lock's part back from the store, with types that hold over all files of both parts."""

from collections.abc import Sequence
from typing import Literal

import polars as pl

from headway.adapters.data.tables import open_table
from headway.reconcile.ports import PortError, Store
from headway.spec.lock import Lock, PinnedFile

__all__ = ["both_parts", "rows", "typed"]

_BOOLEANS = {"True": True, "TRUE": True, "true": True, "False": False, "FALSE": False, "false": False}


def rows(store: Store, lock: Lock, part: Literal["train", "test"]) -> pl.DataFrame:
    """Every row of a part; a column that a file lacks is null there.

    Texts of CSV files become integers, numbers or booleans when every value of both parts is one, as pandas would
    read them; dates in CSV files stay texts.  PortError for damaged files and unknown formats.
    """
    train, test = both_parts(store, lock)
    return train if part == "train" else test


def both_parts(store: Store, lock: Lock) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Training and test rows with one schema."""
    train, test = (_read(store, files) for files in (lock.spec.train, lock.spec.test))
    try:
        whole = pl.concat([train, test], how="diagonal_relaxed")
    except pl.exceptions.PolarsError as error:
        raise PortError(f"The data files hold columns of one name and different types: {error}.") from error
    whole = typed(whole)
    return whole.head(train.height), whole.tail(test.height)


def typed(frame: pl.DataFrame) -> pl.DataFrame:
    """Columns of texts as what every text of them is: integers, numbers, booleans, or texts."""
    return frame.with_columns(_typed(column) for column in frame.iter_columns() if column.dtype == pl.String)


def _read(store: Store, files: Sequence[PinnedFile]) -> pl.DataFrame:
    frames = [_frame(store, file) for file in files]
    try:
        return pl.concat(frames, how="diagonal_relaxed") if frames else pl.DataFrame()
    except pl.exceptions.PolarsError as error:
        raise PortError(f"The data files hold columns of one name and different types: {error}.") from error


def _frame(store: Store, file: PinnedFile) -> pl.DataFrame:
    try:
        return open_table(file.path, store.read(file.sha256)).frame()
    except pl.exceptions.PolarsError as error:
        raise PortError(f"The data file {file.path} cannot be read: {error}.") from error


def _typed(column: pl.Series) -> pl.Series:
    """The narrowest type that every text of the column has."""
    nulls = column.null_count()
    if nulls == len(column):
        return column
    bare = column.str.strip_chars()
    for dtype in (pl.Int64, pl.Float64):
        numbers = bare.cast(dtype, strict=False)
        if numbers.null_count() == nulls:
            return numbers
    booleans = bare.replace_strict(_BOOLEANS, default=None, return_dtype=pl.Boolean)
    return booleans if booleans.null_count() == nulls else column
