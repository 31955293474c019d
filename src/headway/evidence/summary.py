"""A mergeable summary of rows, column by column: the reference in a bundle, and the windows of live traffic."""

from msgspec import Struct

__all__ = ["ColumnSummary", "Summary"]


class ColumnSummary(Struct, frozen=True, kw_only=True):
    """Counts of one column.

    Numbers: `edges` (ascending, taken from the reference) part the line into len(edges)+1 bins, counted in
    `counts`.  Texts: `levels` are counted in `counts`, anything else in `other`.  `missing` counts nulls and NaN.
    """

    name: str
    edges: tuple[float, ...] = ()
    levels: tuple[str, ...] = ()
    counts: tuple[int, ...]
    other: int = 0
    missing: int = 0


class Summary(Struct, frozen=True, kw_only=True):
    """Inputs and predictions of `rows` rows."""

    rows: int
    columns: tuple[ColumnSummary, ...]
