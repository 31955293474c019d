"""The row that a model must answer before the server says ready: complete, and as ordinary as the reference knows."""

from headway.evidence.bundle import Column, Manifest
from headway.evidence.summary import ColumnSummary
from headway.serve.batching.rows import Layout, Rows, take

__all__ = ["ordinary_row", "ordinary_values"]


def ordinary_row(manifest: Manifest, layout: Layout) -> Rows:
    """One row from signature and summary: the middle edge, the most frequent level or first category, else 0 or ''.

    It is complete even where columns may be missing: a model that refuses incomplete rows is a matter of its gates
    and its rollout, not of loading it.
    """
    return take(layout, [[value] for value in ordinary_values(manifest)])


def ordinary_values(manifest: Manifest) -> list[str | float]:
    """The values of that row, in the signature's order."""
    known = {column.name: column for column in manifest.summary.columns} if manifest.summary else {}
    return [_value(column, known.get(column.name)) for column in manifest.signature.inputs]


def _value(column: Column, known: ColumnSummary | None) -> str | float:
    if column.type == "string":
        if known and known.levels:
            return max(zip(known.counts, known.levels, strict=True))[1]
        return column.categories[0] if column.categories else ""
    if column.type == "bool":
        return False
    middle = known.edges[len(known.edges) // 2] if known and known.edges else 0.0
    return round(middle) if column.type == "int64" else middle
