"""Splits: no look-ahead, units together, the same on every machine."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headway.adapters.data.order import ordered
from headway.adapters.data.split import NEITHER, TEST, TRAIN, split_by, split_drawn
from headway.reconcile.ports import PortError
from headway.spec.data import Split

DAY = 86400.0


def parts(values: list[object], split: Split) -> list[int]:
    return split_by(ordered("by", [pl.Series("by", values)]), split)[0].to_list()


def days(count: int) -> list[object]:
    return [date(2013, 1, 1) + timedelta(days=day) for day in range(count)]


def test_the_newest_thirty_days_test_and_ninety_before_them_train() -> None:
    found = parts(days(365), Split(by="by", train=90 * DAY, test=30 * DAY))
    assert found == [NEITHER] * 245 + [TRAIN] * 90 + [TEST] * 30


@pytest.mark.parametrize("text", ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S+00:00"])
def test_texts_of_dates_split_as_dates(text: str) -> None:
    texts = [day.strftime(text) for day in days(100)]  # type: ignore[attr-defined]
    assert parts(texts, Split(by="by", test=30 * DAY)) == parts(days(100), Split(by="by", test=30 * DAY))


def test_a_zone_is_heeded() -> None:
    texts = ["2024-01-01T23:30:00-02:00", "2024-01-02T00:30:00+00:00"]
    assert parts([*texts], Split(by="by", test=0.5)) == [TEST, TRAIN]


def test_unix_seconds_split_by_duration_and_other_numbers_do_not() -> None:
    seconds = [datetime(2024, 1, day, tzinfo=UTC).timestamp() for day in range(1, 11)]
    assert parts([*seconds], Split(by="by", test=2 * DAY)) == [TRAIN] * 8 + [TEST] * 2
    with pytest.raises(PortError, match="no Unix seconds"):
        parts([2013, 2014, 2015], Split(by="by", test=2 * DAY))


def test_shares_are_of_all_rows_and_values_stay_together() -> None:
    assert parts([1, 1, 2, 2, 3, 3, 3, 4], Split(by="by", test=0.25)) == [TRAIN] * 4 + [TEST] * 4
    assert parts([*range(10)], Split(by="by", test=0.3, train=0.7)) == [TRAIN] * 7 + [TEST] * 3
    assert parts([*range(10)], Split(by="by", test=0.3, train=0.2)) == [NEITHER] * 5 + [TRAIN] * 2 + [TEST] * 3


def test_rows_without_a_value_are_in_neither_part() -> None:
    assert parts(["2024-01-01", None, "2024-01-02"], Split(by="by", test=0.5)) == [TRAIN, NEITHER, TEST]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (["1/31/2024", "2/1/2024"], "neither a number nor an ISO"),
        (["2024-01-01", "2024-01-01T00:00:00Z"], "with and without a zone"),
        ([None, None], "holds no values"),
        ([[1], [2]], "no order"),
    ],
)
def test_values_without_an_order_are_told(values: list[object], words: str) -> None:
    with pytest.raises(PortError, match=words):
        parts(values, Split(by="by"))


def test_files_of_different_kinds_are_told() -> None:
    with pytest.raises(PortError, match="one kind"):
        ordered("by", [pl.Series([1, 2]), pl.Series(["2024-01-01"])])


NUMBERS = st.lists(st.one_of(st.none(), st.integers(-5, 40)), min_size=2, max_size=60)


@given(values=NUMBERS, test=st.floats(0.05, 0.9), train=st.one_of(st.none(), st.floats(0.05, 1.0)))
@settings(deadline=None)
def test_no_training_value_is_as_new_as_any_test_value(
    values: list[int | None], test: float, train: float | None
) -> None:
    if all(value is None for value in values):
        return
    found = parts([*values], Split(by="by", test=test, train=train))
    trained = [value for value, part in zip(values, found, strict=True) if part == TRAIN and value is not None]
    tested = [value for value, part in zip(values, found, strict=True) if part == TEST and value is not None]
    assert tested
    assert max(trained, default=-100) < min(tested)
    assert len(tested) >= test * sum(value is not None for value in values) - 1e-6


@given(keys=st.lists(st.text(max_size=5), min_size=1, max_size=50), seed=st.integers(0, 5))
@settings(deadline=None)
def test_a_unit_stays_on_its_side_whatever_else_is_there(keys: list[str], seed: int) -> None:
    split = Split(test=0.3, seed=seed)
    (together,) = split_drawn([keys], split)
    alone = [split_drawn([[key]], split)[0][0] for key in keys]
    assert together.to_list() == alone


def test_the_draw_is_the_same_on_every_platform_and_near_its_share() -> None:
    (found,) = split_drawn([[str(number) for number in range(10_000)]], Split(test=0.2, seed=8))
    tested = [number for number, part in enumerate(found[:40]) if part == TEST]
    assert tested == [12, 17, 20, 23, 27, 38, 39]
    assert 1850 < int((found == TEST).sum()) < 2150


def test_a_duration_without_by_is_told() -> None:
    with pytest.raises(PortError, match=r"needs `split\.by`"):
        split_drawn([["a"]], Split(test=30 * DAY))
