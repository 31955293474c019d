"""Turns the values of a split's `by` column into numbers that stand in the same order: dates, times, numbers.

Times become microseconds since 1970 in UTC; ISO 8601 texts are read as times, texts of digits as numbers.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import polars as pl
from msgspec import Struct

from headway.reconcile.ports import PortError

__all__ = ["Order", "ordered"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# A number that can be Unix seconds: 1973 to 2100.
_SECONDS = (1e8, 4.2e9)


class Order(Struct, frozen=True, kw_only=True):
    """One series a file, null where a row has no value; `second` is how much a second counts, 0 if nothing."""

    values: tuple[pl.Series, ...]
    second: float


def ordered(name: str, columns: Sequence[pl.Series]) -> Order:
    """Numbers in the order of the values; PortError when they have none, or differ in kind between files."""
    read = [_numbers(name, column) for column in columns]
    kinds = {kind for kind, _ in read if kind}
    if len(kinds) > 1:
        raise PortError(f"The column {name} holds {' and '.join(sorted(kinds))}; its values must be of one kind.")
    if not kinds:
        raise PortError(f"The column {name} holds no values, so nothing can be split by it.")
    dtype = pl.Float64 if any(numbers.dtype == pl.Float64 for _, numbers in read) else pl.Int64
    values = tuple(numbers.cast(dtype) for _, numbers in read)
    return Order(values=values, second=_second(kinds.pop(), values))


def _second(kind: str, values: Sequence[pl.Series]) -> float:
    if kind != "numbers":
        return 1e6
    whole = pl.concat(values).drop_nulls()
    return 1.0 if whole.is_between(*_SECONDS).all() else 0.0


def _numbers(name: str, column: pl.Series) -> tuple[str, pl.Series]:
    dtype = column.dtype
    if column.null_count() == len(column):
        return "", column.cast(pl.Int64, strict=False)
    if dtype.is_integer():
        return "numbers", column.cast(pl.Int64)
    if dtype.is_float():
        return "numbers", column.cast(pl.Float64).fill_nan(None)
    if isinstance(dtype, pl.Date):
        return "times", column.cast(pl.Datetime("us")).to_physical()
    if isinstance(dtype, pl.Datetime):
        kind = "times with zone" if dtype.time_zone else "times"
        return kind, column.dt.cast_time_unit("us").to_physical()
    if isinstance(dtype, pl.String | pl.Categorical | pl.Enum):
        return _texts(name, column.cast(pl.String))
    raise PortError(f"The column {name} holds {dtype}, which has no order. Split by dates, times or numbers.")


def _texts(name: str, column: pl.Series) -> tuple[str, pl.Series]:
    numbers = column.cast(pl.Float64, strict=False)
    if numbers.null_count() == column.null_count():
        whole = column.cast(pl.Int64, strict=False)
        return "numbers", whole if whole.null_count() == column.null_count() else numbers.fill_nan(None)
    unique = column.unique().drop_nulls().to_list()
    times: dict[str, int] = {}
    zones: set[bool] = set()
    for text in unique:
        try:
            time = datetime.fromisoformat(text)
        except ValueError as error:
            raise PortError(
                f"The column {name} holds {text[:40]!r}, which is neither a number nor an ISO 8601 date or time "
                "(2024-01-31, 2024-01-31T12:00:00Z). Write it so, or split without `by`."
            ) from error
        zones.add(time.tzinfo is not None)
        aware = time if time.tzinfo else time.replace(tzinfo=UTC)
        times[text] = (aware - _EPOCH) // _MICROSECOND
    if len(zones) > 1:
        raise PortError(f"The column {name} holds times with and without a zone; give all of them one, or none.")
    return "times with zone" if zones.pop() else "times", column.replace_strict(times, return_dtype=pl.Int64)
