"""Is live traffic still like the rows that the model learnt from?  Judges counts; neither collects nor bins them."""

from collections.abc import Iterator, Mapping, Sequence

import msgspec
from msgspec import Struct

from headway.decide.conclude import Rule, conclude, inputs_of
from headway.decide.monitor.confirm import PASSED, confirmed
from headway.evidence.summary import ColumnSummary, Summary
from headway.evidence.verdict import Answer, Inputs, Verdict
from headway.spec.monitor import Drift
from headway.stats.drift import drift_score, same_distribution

__all__ = ["RULES", "Drifting", "judge_drift", "scores"]

# Over all columns of one window together.  With two of three windows that is about 0.4 false alarms a quarter of
# hourly windows even if the least effect counted; the limit on the score leaves far fewer (tests hold the number).
ALPHA = 0.01


class Compared(Struct, frozen=True, kw_only=True):
    """One column's counts over the same bins, with the bin for missing values last."""

    column: str
    reference: tuple[int, ...]
    window: tuple[int, ...]


class Drifting(Struct, frozen=True, kw_only=True):
    """Inputs of `drift/1`; `history` says of the windows before whether they passed the limit, the latest last."""

    name: str
    rows: int
    rows_at_least: int
    score_at_most: float
    history: tuple[bool, ...]
    columns: tuple[Compared, ...]


def judge_drift(reference: Summary, window: Summary, wish: Drift, history: Sequence[bool]) -> Verdict:
    """Fail: drift is confirmed (raise the alarm); pass: there is none (clear it); undecided: leave it as it is.

    `history` holds `confirm.passed_limit(verdict)` of the windows before this one, the latest last; of a window that
    was undecided for want of rows nothing goes in.
    """
    seen = Drifting(
        name="drift",
        rows=window.rows,
        rows_at_least=wish.rows,
        score_at_most=wish.score_at_most,
        history=tuple(history)[-2:],
        columns=tuple(_compared(reference, window)),
    )
    return drift_1(inputs_of(seen))


def scores(reference: Summary, window: Summary) -> dict[str, float]:
    """Each column's drift score as `stats.drift.drift_score` defines it, the one that `ml_model_drift_score` shows."""
    return {pair.column: drift_score(pair.reference, pair.window) for pair in _compared(reference, window)}


def _compared(reference: Summary, window: Summary) -> Iterator[Compared]:
    """Columns that both summaries have with the same bins; what the window lacks cannot be judged."""
    live = {column.name: column for column in window.columns}
    for column in reference.columns:
        other = live.get(column.name)
        if other and (other.edges, other.levels) == (column.edges, column.levels):
            yield Compared(column=column.name, reference=_bins(column), window=_bins(other))


def _bins(column: ColumnSummary) -> tuple[int, ...]:
    return (*column.counts, column.other, column.missing)


def drift_1(inputs: Inputs) -> Verdict:
    """A window is beyond when a column's score is, and significantly so; two of three windows make an alarm."""
    seen = msgspec.convert(inputs, Drifting)
    if seen.rows < seen.rows_at_least or not seen.columns:
        why = f"{seen.rows:,} rows and {len(seen.columns)} comparable columns; {seen.rows_at_least:,} rows are needed"
        return conclude("drift/1", seen, Answer.UNDECIDED, why=why)
    level = ALPHA / len(seen.columns)
    found = [
        (drift_score(pair.reference, pair.window), same_distribution(pair.reference, pair.window), pair.column)
        for pair in seen.columns
    ]
    moved = sorted((entry for entry in found if entry[0] > seen.score_at_most and entry[1] < level), reverse=True)
    answer = confirmed(seen.history, now=bool(moved))
    most = max(found)
    numbers = {"score": most[0], "p": most[1], PASSED: float(bool(moved)), "columns": float(len(moved))}
    numbers |= {f"score of {column}": score for score, _, column in moved[:5]}
    return conclude("drift/1", seen, answer, numbers=numbers, why=_why(seen, moved, most, answer))


Moved = tuple[float, float, str]


def _why(seen: Drifting, moved: Sequence[Moved], most: Moved, answer: Answer) -> str:
    limit = f"at most {seen.score_at_most:g} may be"
    if not moved:
        calm = f"the furthest column is {most[2]} at {most[0]:.3f}, {limit}, on {seen.rows:,} rows"
        return calm if answer is Answer.PASS else f"{calm}; windows before it were beyond"
    shown = ", ".join(f"{column} {score:.3f}" for score, _, column in moved[:5])
    more = f" and {len(moved) - 5} more" if len(moved) > 5 else ""
    waits = "" if answer is Answer.FAIL else "; one window alone raises no alarm"
    return f"{shown}{more} moved away from the training rows ({limit}) on {seen.rows:,} rows{waits}"


RULES: Mapping[str, Rule] = {"drift/1": drift_1}
