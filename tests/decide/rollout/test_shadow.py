"""Shadows: as a canary by its guardrails, and by how alike the answers are, which no missing pair stands for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from tests.decide.rollout.test_decision import START, look, window

from headway.decide.rollout.rules import verdict_of
from headway.decide.rollout.strategy import limits
from headway.evidence.pairs import APART, Answer, Pairs, added, apart_by, compared, taken
from headway.evidence.stage import Rollout
from headway.evidence.verdict import Answer as Verdict
from headway.spec.experiment import Shadow
from headway.spec.rollout import Rollout as Wish

WISH = Wish(strategy="shadow", window=1.0, shadow=Shadow(agree_at_least=0.95))
RUNNING = look(structs.replace(START, split="copies"), wish=WISH)


def pairs(count: int, differ: int = 0) -> Pairs:
    return Pairs(pairs=count, differ=differ, apart=tuple(differ for _ in APART))


def after(rollout: Rollout, most: int, share: float | None, *, wish: Wish = WISH, errors: int = 0) -> Rollout:
    """Windows until it ends, of whose pairs a share differs; None: nothing was ever answered by both."""
    for _ in range(most):
        if rollout.state != "running":
            break
        seen = window(rollout.weight, errors=errors)
        both = None if share is None else pairs(seen.candidate.starts, round(share * seen.candidate.starts))
        rollout = look(rollout, structs.replace(seen, pairs=both), wish=wish)
    return rollout


def test_a_shadow_that_answers_alike_is_promoted_and_the_reason_says_what_nobody_has_seen() -> None:
    ended = after(RUNNING, 60, 0.0)
    assert ended.state == "promoting"
    assert "100.00% of" in ended.why
    assert "what users do with its answers has not been seen" in ended.why
    verdict = verdict_of(ended, WISH)
    assert verdict.answer is Verdict.PASS
    assert verdict.numbers["agreement safe"] >= verdict.numbers["safe at"]


def test_a_shadow_that_answers_otherwise_too_often_is_aborted_for_it() -> None:
    ended = after(RUNNING, 60, 0.2)
    assert ended.state == "aborting"
    assert ended.why.startswith("agreement worse than tolerated")
    assert verdict_of(ended, WISH).answer is Verdict.FAIL


def test_errors_abort_a_shadow_as_they_do_a_canary() -> None:
    assert after(RUNNING, 20, 0.0, errors=3).why.startswith("errors worse than tolerated")


@pytest.mark.parametrize("share", [None, 0.05])
def test_without_pairs_or_at_the_line_nothing_is_shown(share: float | None) -> None:
    ended = after(RUNNING, 60, share)
    assert ended.state == "running"
    assert verdict_of(ended, WISH).answer is Verdict.UNDECIDED
    assert look(ended, now=7200.0, wish=WISH).state == "aborting"


def test_without_a_limit_agreement_is_told_and_decides_nothing() -> None:
    wish = Wish(strategy="shadow", window=1.0)
    ended = after(RUNNING, 60, 0.9, wish=wish)
    assert ended.state == "promoting"
    assert "10.00% of" in ended.why
    assert limits(wish, 0).harm < limits(WISH, 0).harm


def test_a_limit_for_a_shadow_changes_nothing_for_a_canary() -> None:
    wish = structs.replace(WISH, strategy="canary")
    assert limits(wish, 0) == limits(Wish(), 0)


@pytest.mark.parametrize(("split", "strategy"), [("copies", "canary"), ("answers", "shadow")])
def test_a_change_of_what_a_share_means_parks_it_and_changing_back_goes_on(split: str, strategy: str) -> None:
    rollout = structs.replace(RUNNING, split=split)
    wish = structs.replace(WISH, strategy=strategy)
    parked = look(rollout, window(rollout.weight), wish=wish)
    assert (parked.state, parked.weight) == ("parked", 0.0)
    assert "main asks for" in parked.why
    back = structs.replace(WISH, strategy="shadow" if split == "copies" else "canary")
    assert look(parked, wish=back).state == "waiting"


def test_a_restart_gives_the_same_numbers_from_windows_alone() -> None:
    rollout = after(RUNNING, 3, 0.02)
    seen = structs.replace(window(rollout.weight), pairs=pairs(20, 1))
    forgot = look(structs.replace(rollout, tally=None), seen, wish=WISH)
    assert forgot == look(rollout, seen, wish=WISH)


labels = st.lists(st.sampled_from(["a", "b"]), max_size=3)
numbers = st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=3)
answers = st.builds(
    lambda ms, names, values: Answer(pair="p", ms=ms, labels=tuple(names), numbers=tuple(values)),
    st.floats(0, 1e4),
    labels,
    numbers,
)


@given(answers, answers)
def test_a_pair_is_further_apart_at_no_greater_limit_and_never_alike_when_it_differs(one: Answer, two: Answer) -> None:
    found = compared(one, two)
    assert list(found.apart) == sorted(found.apart, reverse=True)
    assert found.differ <= min(found.apart)
    assert found.pairs == 1
    assert 0 <= found.distance < float("inf")
    mirrored = compared(two, one)
    assert (mirrored.apart, mirrored.distance, mirrored.later_ms) == (found.apart, found.distance, -found.later_ms)


@given(answers)
def test_an_answer_of_finite_numbers_is_its_own_like(one: Answer) -> None:
    finite = all(abs(value) < float("inf") for value in one.numbers)
    assert compared(one, one).differ == int(not finite)


@given(st.lists(st.tuples(answers, answers), max_size=5), st.tuples(answers, answers))
def test_what_is_taken_from_a_sum_is_what_was_added_to_it(before: list[tuple[Answer, Answer]], last: object) -> None:
    total = Pairs()
    for one, two in before:
        total = added(total, compared(one, two))
    one, two = last  # type: ignore[misc]  # a pair of answers
    mine = compared(one, two)
    back = taken(added(total, mine), total)
    assert (back.pairs, back.differ, back.apart, back.slower) == (mine.pairs, mine.differ, mine.apart, mine.slower)


@given(st.floats(0, 1e5), answers, answers)
def test_a_limit_between_two_edges_calls_no_more_alike_than_was_asked_for(
    within: float, one: Answer, two: Answer
) -> None:
    found = compared(one, two)
    if not apart_by(found, within):
        assert all(abs(a - b) <= within * (1 + 1e-9) for a, b in zip(one.numbers, two.numbers, strict=True))
