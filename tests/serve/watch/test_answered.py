"""The latest answers to copied requests: in their order, bounded, and nothing of requests that were refused."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from headway.serve.batching.answers import Answers
from headway.serve.fault import Fault
from headway.serve.watch.answered import Answered


def answers(rows: int) -> Answers:
    scores = np.linspace(0.0, 1.0, rows).reshape(rows, 1)
    return Answers(
        rows, {"label": [f"l{row}" for row in range(rows)], "score": scores.ravel().tolist()},
        {"label": 1, "score": 1}, {"score": scores},
    )  # fmt: skip


def tell(answered: Answered, pair: bytes, result: Answers | Fault, first: int = 0, stop: int = 1) -> list[object]:
    told: list[object] = []
    answered.follow(pair, lambda *what: told.append(what))(result, first, stop)
    return told


def test_who_asked_is_told_as_before_and_labels_and_numbers_are_kept_apart() -> None:
    answered, result = Answered(), answers(4)
    assert tell(answered, b"p1", result, 1, 3) == [(result, 1, 3)]
    latest = answered.after(0)
    assert latest.number == 1
    (kept,) = latest.answers
    assert (kept.pair, kept.labels, kept.numbers) == ("p1", ("l1", "l2"), (1 / 3, 2 / 3))
    assert kept.ms >= 0


def test_a_refused_request_or_a_mark_that_is_none_is_told_and_not_kept() -> None:
    answered = Answered()
    fault = Fault(503, "busy")
    assert tell(answered, b"p1", fault, 0, 0) == [(fault, 0, 0)]
    tell(answered, b"x" * 65, answers(1))
    assert answered.after(0).answers == ()


def test_of_many_rows_the_first_are_kept() -> None:
    answered = Answered()
    tell(answered, b"p1", answers(100), 10, 100)
    (kept,) = answered.after(0).answers
    assert kept.labels == tuple(f"l{row}" for row in range(10, 18))


@given(st.lists(st.integers(0, 7), max_size=8), st.integers(1, 6))
def test_each_answer_is_told_once_to_who_asks_with_the_number_that_was_told(asks: list[int], most: int) -> None:
    answered, made, seen, number = Answered(most=most), 0, [], 0
    for more in asks:
        for _ in range(more):
            tell(answered, f"p{made}".encode(), answers(1))
            made += 1
        latest = answered.after(number)
        assert latest.number == made
        assert len(latest.answers) == min(most, made - number)
        number = latest.number
        seen += [answer.pair for answer in latest.answers]
    assert len(seen) == len(set(seen))
    assert [int(pair[1:]) for pair in seen] == sorted(int(pair[1:]) for pair in seen)
