"""Adds and subtracts summaries of the same reference: pods are merged, and a window is the later minus the earlier."""

from collections.abc import Sequence

from headway.evidence.summary import ColumnSummary, Summary

__all__ = ["merged", "minus"]


def merged(parts: Sequence[Summary]) -> Summary | None:
    """The sum of summaries with the same columns, edges and levels; None when there are none.

    ValueError when they were not made for the same reference.
    """
    if not parts:
        return None
    total = parts[0]
    for part in parts[1:]:
        total = _combine(total, part, 1)
    return total


def minus(later: Summary, earlier: Summary | None) -> Summary:
    """What was counted between two looks at one pod; the later itself when the pod is new or began again."""
    if earlier is None or earlier.rows > later.rows:
        return later
    return _combine(later, earlier, -1)


def _combine(left: Summary, right: Summary, sign: int) -> Summary:
    columns = tuple(_column(a, b, sign) for a, b in zip(left.columns, right.columns, strict=True))
    return Summary(rows=left.rows + sign * right.rows, columns=columns)


def _column(left: ColumnSummary, right: ColumnSummary, sign: int) -> ColumnSummary:
    if (left.name, left.edges, left.levels) != (right.name, right.edges, right.levels):
        raise ValueError(f"summaries of {left.name!r} and {right.name!r} were made for different references")
    return ColumnSummary(
        name=left.name,
        edges=left.edges,
        levels=left.levels,
        counts=tuple(a + sign * b for a, b in zip(left.counts, right.counts, strict=True)),
        other=left.other + sign * right.other,
        missing=left.missing + sign * right.missing,
    )
