"""Does the converted model answer as the original does?  Both were asked the same rows through the same checks.

The rows that are asked: a sample of the reference, rows of the test part, and last the edges.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl
from msgspec import Struct

from headway.adapters.steps.edges import edge_rows
from headway.evidence.bundle import Class, Parity, Signature, is_label

__all__ = ["Asked", "asked_rows", "objection", "parity"]

Outputs = Mapping[str, Sequence[Any]]
Classes = Mapping[str, Sequence[Class]]

# A label may differ only where two classes are as good as equally likely; float32 keeps about seven digits.
LARGEST_DIFFERENCE = 1e-4
MISMATCHES_AT_MOST = 0.001
# Of the reference as of the test part; what is seen in so many rows is not seen otherwise in more.
SAMPLE = 5000
TOLD_AT_MOST = 20


class Asked(Struct, frozen=True, kw_only=True):
    """Rows, column by column: first `sampled` of the reference, then `tested` of the test part, last the edges."""

    columns: Mapping[str, list[Any]]
    sampled: int
    tested: int
    edges: tuple[str, ...]


def asked_rows(reference: pl.DataFrame, tested: pl.DataFrame, signature: Signature) -> Asked:
    """The rows that both models are asked; each part is drawn with one seed, so that they are the same again."""
    names = [column.name for column in signature.inputs]
    parts = [part.sample(min(SAMPLE, part.height), seed=0) for part in (reference, tested)]
    edges, made = edge_rows(reference, signature)
    columns = {
        name: [value for part in parts if part.height for value in part[name].to_list()] + made[name] for name in names
    }
    return Asked(columns=columns, sampled=parts[0].height, tested=parts[1].height, edges=edges)


def parity(asked: Asked, original: Outputs, converted: Outputs, classes: Classes) -> Parity:
    """Rows compared, rows of which a label differs or which only one of the two answers, and the largest difference.

    `classes` are those of each label.
    Differences of probabilities are absolute, those of numbers relative to the original's magnitude if above 1.  An
    edge counts as a mismatch when labels differ beyond a tie, numbers beyond the tolerance, or the original alone
    answers; where the converted model alone answers, the edge is named.
    """
    ordinary = asked.sampled + asked.tested
    mismatches, largest, answered = 0, 0.0, []
    for at in range(ordinary):
        if (found := _compared(original, converted, at)) is None:
            continue
        differs, difference = found
        mismatches, largest = mismatches + differs, max(largest, difference)
        answered.append(at)
    edges = list(_edges(asked, original, converted, classes))
    return Parity(
        rows=len(answered),
        mismatches=mismatches,
        largest_difference=largest,
        test_rows=sum(at >= asked.sampled for at in answered),
        edge_rows=len(asked.edges),
        edge_mismatches=sum(wrong for wrong, _ in edges),
        edges=tuple(told for _, told in sorted(edges, key=lambda edge: not edge[0])[:TOLD_AT_MOST]),
    )


def objection(found: Parity) -> str:
    """Why the converted model is not good enough; empty when it is."""
    if (
        not found.rows
        or found.mismatches > MISMATCHES_AT_MOST * found.rows
        or found.largest_difference > LARGEST_DIFFERENCE
    ):
        return (
            f"converted to ONNX it answers otherwise: {found.mismatches} of {found.rows} rows mismatch, "
            f"largest difference {found.largest_difference:.2g}"
        )
    if found.edge_mismatches > MISMATCHES_AT_MOST * found.edge_rows:
        return (
            f"converted to ONNX it answers otherwise on {found.edge_mismatches} of {found.edge_rows} made edge rows: "
            f"{'; '.join(found.edges[: min(3, found.edge_mismatches)])}"
        )
    return ""


def _edges(asked: Asked, original: Outputs, converted: Outputs, classes: Classes) -> Iterator[tuple[bool, str]]:
    """Edges worth telling: is it a mismatch, and what it is."""
    first = next(iter(original))
    for at, edge in enumerate(asked.edges, start=asked.sampled + asked.tested):
        known, found = original[first][at], converted[first][at]
        if known is None and found is not None:
            yield False, f"{edge} (the original fails, the converted model answers)"
        elif known is not None and found is None:
            yield True, f"{edge} (the converted model fails)"
        elif known is not None:
            differs, difference = _compared(original, converted, at) or (False, 0.0)
            if difference > LARGEST_DIFFERENCE:
                yield True, f"{edge} (they differ by {difference:.2g})"
            elif differs and (apart := [n for n in classes if not _is_tie(n, original, converted, at, classes[n])]):
                yield True, f"{edge} ({original[apart[0]][at]!r} and {converted[apart[0]][at]!r})"


def _is_tie(name: str, original: Outputs, converted: Outputs, at: int, classes: Sequence[Class]) -> bool:
    """Is a label of both the same, or are the two as good as equally likely?"""
    one, other = original[name][at], converted[name][at]
    chances = original.get(name.replace("label", "probabilities"))
    if one == other or chances is None:
        return bool(one == other)
    known: Mapping[Any, float] = dict(zip(classes, chances[at], strict=True))
    return abs(known.get(one, 2.0) - known.get(other, -2.0)) <= 2 * LARGEST_DIFFERENCE


def _compared(original: Outputs, converted: Outputs, at: int) -> tuple[bool, float] | None:
    """Is a row a mismatch, and the largest difference of its numbers; None when neither answers it."""
    first = next(iter(original))
    known, found = original[first][at], converted[first][at]
    if known is None and found is None:
        return None
    if known is None or found is None:
        return True, 0.0
    differs = any(original[name][at] != converted[name][at] for name in original if is_label(name))
    numbers = [name for name in original if not is_label(name)]
    relative = "prediction" in original
    return differs, max(
        (_difference(original[n][at], converted[n][at], relative=relative) for n in numbers), default=0.0
    )


def _difference(known: float | list[float], found: float | list[float], *, relative: bool) -> float:
    ours, theirs = (value if isinstance(value, list) else [value] for value in (known, found))
    if len(ours) != len(theirs):
        return float("inf")
    return max(abs(a - b) / (max(1.0, abs(a)) if relative else 1.0) for a, b in zip(ours, theirs, strict=True))
