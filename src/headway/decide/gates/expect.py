"""Rules for data: what is expected of a column, of the number of rows, and of rows that stand in both parts."""

from collections.abc import Iterator, Mapping

import msgspec
from msgspec import Struct

from headway.decide.conclude import Rule, conclude
from headway.evidence.measurement import ColumnFacts
from headway.evidence.verdict import Answer, Inputs, Verdict
from headway.spec.data import Expect, Rows

__all__ = ["RULES", "Column", "Counts"]


class Column(Struct, frozen=True, kw_only=True):
    """Inputs of `expect/1`: a column's wish and its facts in both parts (None: the part has no such column).

    `measured` says whether the data were looked at at all.
    """

    name: str
    column: str
    wish: Expect
    measured: bool
    train: ColumnFacts | None
    test: ColumnFacts | None


def expect_1(inputs: Inputs) -> Verdict:
    """Type, range, share of nulls, categories and uniqueness of one column, in the training and the test rows."""
    seen = msgspec.convert(inputs, Column)
    if not seen.measured:
        return conclude("expect/1", seen, Answer.UNDECIDED, why=f"nothing is known of the data of column {seen.column}")
    faults = [fault for part, facts in _parts(seen) for fault in _faults(part, facts, seen.wish)]
    if faults:
        why = f"column {seen.column}: {'; '.join(faults)}"
        return conclude("expect/1", seen, Answer.FAIL, numbers={"faults": float(len(faults))}, why=why)
    return conclude("expect/1", seen, Answer.PASS, why=f"column {seen.column} is as expected")


def _parts(seen: Column) -> Iterator[tuple[str, ColumnFacts | None]]:
    yield "training", seen.train
    yield "test", seen.test


def _faults(part: str, facts: ColumnFacts | None, wish: Expect) -> Iterator[str]:
    if facts is None:
        yield f"the {part} rows have no such column; add it, or drop the expectation"
        return
    if wish.type and facts.type not in {wish.type, *(("integer",) if wish.type == "number" else ())}:
        yield f"it is {facts.type} in the {part} rows, and {wish.type} is expected"
    if wish.between:
        yield from _outside(part, facts, wish.between)
    share = facts.nulls / facts.rows if facts.rows else 0.0
    if wish.nulls_at_most is not None and share > wish.nulls_at_most:
        yield f"{share:.2%} of the {part} rows are empty, and at most {wish.nulls_at_most:.2%} may be"
    if wish.categories is not None and facts.unseen_rows:
        yield f"{facts.unseen_rows:,} {part} rows hold values that are not expected, such as {', '.join(facts.unseen)}"
    if wish.unique and facts.distinct < facts.rows - facts.nulls:
        yield f"{facts.rows - facts.nulls - facts.distinct:,} {part} rows repeat a value that must be unique"


def _outside(part: str, facts: ColumnFacts, between: tuple[float, float]) -> Iterator[str]:
    low, high = between
    if facts.low is None or facts.high is None:
        if facts.nulls < facts.rows:
            yield f"the {part} rows hold no numbers, and {low:g} to {high:g} is expected"
        return
    if facts.low < low:
        yield f"its least value in the {part} rows is {facts.low:g}, below {low:g}"
    if facts.high > high:
        yield f"its greatest value in the {part} rows is {facts.high:g}, above {high:g}"


class Counts(Struct, frozen=True, kw_only=True):
    """Inputs of `rows/1` and `leakage/1`; `measured` says whether the data were looked at at all."""

    name: str
    wish: Rows
    measured: bool
    train_rows: int
    test_rows: int
    leaked_rows: int


def rows_1(inputs: Inputs) -> Verdict:
    """Are there as many training and test rows as asked for?"""
    seen = msgspec.convert(inputs, Counts)
    if not seen.measured:
        return conclude("rows/1", seen, Answer.UNDECIDED, why="nothing is known of the number of rows")
    short = [
        f"{rows:,} {part} rows, and at least {wanted:,} are asked for"
        for part, rows, wanted in (
            ("training", seen.train_rows, seen.wish.train_at_least),
            ("test", seen.test_rows, seen.wish.test_at_least),
        )
        if rows < wanted
    ]
    numbers = {"train": float(seen.train_rows), "test": float(seen.test_rows)}
    if short:
        return conclude("rows/1", seen, Answer.FAIL, numbers=numbers, why=f"there are {'; '.join(short)}")
    why = f"{seen.train_rows:,} training and {seen.test_rows:,} test rows"
    return conclude("rows/1", seen, Answer.PASS, numbers=numbers, why=why)


def leakage_1(inputs: Inputs) -> Verdict:
    """Do more test rows also stand among the training rows than may?"""
    seen = msgspec.convert(inputs, Counts)
    if not seen.measured or not seen.test_rows:
        return conclude("leakage/1", seen, Answer.UNDECIDED, why="there are no test rows to look for")
    share = seen.leaked_rows / seen.test_rows
    numbers = {"share": share, "rows": float(seen.leaked_rows)}
    if share > seen.wish.leaked_at_most:
        why = (
            f"{seen.leaked_rows:,} test rows ({share:.2%}) also stand among the training rows, and at most "
            f"{seen.wish.leaked_at_most:.2%} may: every score on them flatters. Remove the doubles, split by a unit, "
            "or raise `data.rows.leaked_at_most` where equal rows are natural"
        )
        return conclude("leakage/1", seen, Answer.FAIL, numbers=numbers, why=why)
    why = f"{share:.2%} of the test rows also stand among the training rows"
    return conclude("leakage/1", seen, Answer.PASS, numbers=numbers, why=why)


RULES: Mapping[str, Rule] = {"expect/1": expect_1, "leakage/1": leakage_1, "rows/1": rows_1}
