"""Parity: what counts as a mismatch on ordinary rows and at the edges, and which rows are made for it."""

from typing import Any

import polars as pl
import pytest

from headway.adapters.steps.edges import EDGES_AT_MOST, edge_rows
from headway.adapters.steps.parity import Asked, asked_rows, objection, parity
from headway.evidence.bundle import Column, Signature

FRAME = pl.DataFrame(
    {"far": [1.5, 2.0, None], "count": [3, 4, 9], "carrier": ["AA", "UA", "UA"], "new": [True, False, True]}
)
SIGNATURE = Signature(
    inputs=(
        Column(name="far", type="float64", nullable=True),
        Column(name="count", type="int64"),
        Column(name="carrier", type="string"),
        Column(name="new", type="bool"),
    ),
    outputs=(),
)


def test_edges_are_ordinary_rows_with_one_value_or_every_one_at_its_edge() -> None:
    edges, rows = edge_rows(FRAME, SIGNATURE)
    made = {edge: {name: values[at] for name, values in rows.items()} for at, edge in enumerate(edges)}
    assert made["far: missing"]["far"] is None
    assert "count: missing" not in made
    assert (made["far: the least"]["far"], made["count: the greatest"]["count"]) == (1.5, 9)
    assert str(made["far: negative zero"]["far"]) == "-0.0"
    assert abs(made["count: far below"]["count"]) >= 10**12
    assert (made["carrier: empty"]["carrier"], made["carrier: in capitals"]["carrier"]) == ("", "UA")
    assert made["every text unseen"]["carrier"] not in {"AA", "UA"}
    greatest = made["every number the greatest"]
    assert (greatest["far"], greatest["count"]) == (2.0, 9)
    assert all(row["count"] in {3, 4} for edge, row in made.items() if edge.startswith("carrier"))


def test_edges_of_a_wide_table_are_bounded() -> None:
    names = [f"c{at}" for at in range(2000)]
    wide = pl.DataFrame({name: [1.0, 2.0] for name in names})
    edges, rows = edge_rows(
        wide, Signature(inputs=tuple(Column(name=name, type="float64") for name in names), outputs=())
    )
    assert 500 < len(edges) <= EDGES_AT_MOST + 10
    assert {len(values) for values in rows.values()} == {len(edges)}


def test_the_rows_that_are_asked_are_the_same_again_and_hold_both_parts() -> None:
    asked = asked_rows(FRAME, FRAME.head(2), SIGNATURE)
    assert (asked.sampled, asked.tested) == (3, 2)
    assert len(asked.columns["count"]) == 5 + len(asked.edges)
    assert asked_rows(FRAME, FRAME.head(2), SIGNATURE) == asked


def judged(original: list[Any], converted: list[Any], edges: int = 1) -> tuple[int, int, tuple[str, ...], str]:
    """Mismatches, edge mismatches, edges told and the objection; each answer is (label, chance of b) or None."""

    def outputs(answers: list[Any]) -> dict[str, list[Any]]:
        return {
            "label": [answer and answer[0] for answer in answers],
            "probabilities": [answer and [1 - answer[1], answer[1]] for answer in answers],
        }

    names = tuple(f"edge {at}" for at in range(edges))
    asked = Asked(columns={}, sampled=1, tested=len(original) - 1 - edges, edges=names)
    found = parity(asked, outputs(original), outputs(converted), {"label": ("a", "b")})
    return found.mismatches, found.edge_mismatches, found.edges, objection(found)


A, B, TIE = ("a", 0.2), ("b", 0.9), ("b", 0.5)


@pytest.mark.parametrize(
    ("original", "converted", "mismatches", "at_edge", "said"),
    [
        ([A, B, A], [A, B, A], 0, 0, ""),
        ([A, B, A], [A, ("a", 0.9), A], 1, 0, "1 of 2 rows mismatch"),
        ([A, B, A], [A, None, A], 1, 0, "1 of 2 rows mismatch"),
        ([A, B, A], [A, ("b", 0.8), A], 0, 0, "largest difference 0.1"),
        ([A, B, A], [A, B, B], 0, 1, "on 1 of 1 made edge rows: edge 0 (they differ by 0.7)"),
        ([A, B, A], [A, B, None], 0, 1, "edge 0 (the converted model fails)"),
        ([A, B, A], [A, B, ("b", 0.2)], 0, 1, "edge 0 ('a' and 'b')"),
        ([A, B, ("a", 0.5)], [A, B, TIE], 0, 0, ""),
        ([A, B, None], [A, B, B], 0, 0, ""),
        ([A, B, None], [A, B, None], 0, 0, ""),
    ],
)  # fmt: skip
def test_what_counts_as_a_mismatch(
    original: list[Any], converted: list[Any], mismatches: int, at_edge: int, said: str
) -> None:
    found = judged(original, converted)
    assert found[:2] == (mismatches, at_edge)
    assert said in found[3]
    assert bool(said) == bool(found[3])


def test_where_the_original_alone_fails_the_edge_is_told() -> None:
    assert judged([A, B, None], [A, B, A])[2] == ("edge 0 (the original fails, the converted model answers)",)


def test_nothing_compared_is_no_parity() -> None:
    assert "0 of 0 rows" in judged([None, None, A], [None, None, A])[3]
