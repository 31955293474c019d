"""Ratios with their confidence sequences, and the time to go, against what rollouts come to."""

import math
from statistics import median

import msgspec
import numpy as np
import pytest
from msgspec import structs
from tests.decide.rollout.test_guardrails import METRIC, PREDICTIONS, QUALITY, WISHED, alike
from tests.decide.rollout.test_guardrails import window as counted
from tests.decide.rollout.test_picture import START, WISH, played

from headway.decide.rollout.decision import decide
from headway.decide.rollout.estimate import Estimates, estimated, in_words, ratios
from headway.decide.rollout.remaining import remaining_s
from headway.evidence.stage import Rollout
from headway.evidence.window import Arm, Past, Window
from headway.spec.guardrail import ErrorGuardrail, Guardrail, title
from headway.spec.rollout import Rollout as Wish


def test_a_ratio_of_three_is_found_and_nothing_of_latencies_that_are_alike() -> None:
    rollout = played(3.0)
    errors, latency = ratios(estimated(rollout, WISH), WISH)
    assert errors.ratio.low > 1.1
    assert errors.ratio.low <= 3.0 <= errors.ratio.high
    assert errors.ratio.point == pytest.approx(3.0, rel=0.01)
    assert latency.ratio.low <= 1.0 <= latency.ratio.high
    assert latency.what == "requests over 5 ms"


@pytest.mark.parametrize("spread", [1.0, 3.0], ids=["one by one", "between windows"])
@pytest.mark.parametrize(
    ("guardrail", "what"),
    [
        (METRIC, "what `declined_total` counts"),
        (WISHED, "what `sold_total` counts"),
        (QUALITY, "wrong answers"),
        (PREDICTIONS, "answers (>= 0.25)"),
    ],
    ids=["bad", "good", "labels", "predictions"],
)
def test_what_other_sources_count_has_a_ratio_too(guardrail: Guardrail, what: str, spread: float) -> None:
    wish = Wish(window=60.0, guardrails=(guardrail,), stages=(50.0,))
    windows = tuple(counted(50.0, alike(guardrail, 50.0, of=4000, times=1.2)) for _ in range(20))
    rollout = structs.replace(START, before=Past(spread={title(guardrail): spread}), windows=windows)
    (before,) = ratios(estimated(structs.replace(rollout, windows=()), wish), wish)
    (found,) = ratios(estimated(rollout, wish), wish)
    assert (before.ratio.low, before.ratio.high) == (0.0, math.inf)
    assert found.what == what
    assert found.ratio.point == pytest.approx(1.2, rel=0.01)
    assert 1.0 < found.ratio.low < 1.2 < found.ratio.high < 1.5
    assert in_words(found).startswith("1.2x (")


def test_going_on_and_starting_again_give_the_same_numbers() -> None:
    rollout = played(1.0)
    for windows in range(len(rollout.windows)):
        part = estimated(structs.replace(rollout, windows=rollout.windows[:windows]), WISH)
        kept = msgspec.json.decode(msgspec.json.encode(part), type=Estimates)
        assert estimated(rollout, WISH, kept) == estimated(rollout, WISH)


def test_in_bursts_the_ratio_is_known_between_windows_and_less_well() -> None:
    rollout = played(3.0)
    bursty = structs.replace(rollout, before=structs.replace(rollout.before, spread={"errors": 10.0}))
    part = estimated(structs.replace(bursty, windows=bursty.windows[:7]), WISH)
    kept = msgspec.json.decode(msgspec.json.encode(part), type=Estimates)
    assert estimated(bursty, WISH, kept) == estimated(bursty, WISH)
    (by_requests, *_), (between, *_) = (tuple(ratios(estimated(each, WISH), WISH)) for each in (rollout, bursty))
    assert between.ratio.point == pytest.approx(by_requests.ratio.point)
    assert between.ratio.low <= by_requests.ratio.low < 3.0 < by_requests.ratio.high <= between.ratio.high


def test_what_is_known_of_another_test_or_another_wish_is_left_behind() -> None:
    rollout = played(1.0)
    known = estimated(rollout, WISH)
    later = structs.replace(rollout, started=9.0, windows=rollout.windows[:2])
    assert estimated(later, WISH, known) == estimated(later, WISH)
    other = Wish(guardrails=(ErrorGuardrail(),))
    assert estimated(rollout, other, known) == estimated(rollout, other)


def test_before_the_first_window_nothing_is_known() -> None:
    for estimate in ratios(estimated(START, WISH), WISH):
        assert (estimate.ratio.low, estimate.ratio.high) == (0.0, math.inf)
    assert math.isnan(remaining_s(START, WISH))


def test_a_window_whose_weight_is_no_stages_is_not_counted() -> None:
    rollout = played(3.0)
    moved = structs.replace(rollout, windows=tuple(structs.replace(window, weight=7.0) for window in rollout.windows))
    assert estimated(moved, WISH).ratios == estimated(START, WISH).ratios


def drawn(
    rollout: Rollout, wish: Wish, source: np.random.Generator, *, rate: float, at: int, per_s: int = 400, burst: int = 0
) -> Rollout:
    """One second more; errors come by themselves, or in bursts of so many."""
    mine = round(per_s * rollout.weight / 100)

    def arm(of: int) -> Arm:
        bad = burst * source.poisson(of * rate / burst) if burst else source.binomial(of, rate)
        return Arm(starts=of, errors=min(of, int(bad)))

    window = Window(
        start=float(at), end=at + 1.0, weight=rollout.weight, control=arm(per_s - mine), candidate=arm(mine)
    )
    return decide(rollout, wish, window, ready=True, now=0.0)


@pytest.mark.parametrize("rate", [0.0, 0.002])
def test_the_time_to_go_is_about_what_rollouts_take_and_falls_to_nothing(rate: float) -> None:
    wish, source = Wish(window=1.0), np.random.default_rng(5)
    start = structs.replace(START, before=Past(starts=100_000, errors=round(100_000 * rate)))
    said, took = [], []
    for _ in range(20):
        rollout, foretold = start, []
        while rollout.state == "running":
            rollout = drawn(rollout, wish, source, rate=rate, at=len(rollout.windows))
            foretold.append(remaining_s(rollout, wish) if rollout.state == "running" else 0.0)
        said.append(foretold[2] + 3.0)
        took.append(len(rollout.windows))
        assert foretold[-1] == 0.0
    assert 0.5 < median(said) / median(took) < 2.0


def test_judged_between_windows_the_time_to_go_is_about_what_rollouts_take() -> None:
    wish, source, rate, burst = Wish(window=1.0), np.random.default_rng(9), 0.02, 5
    before = Past(starts=100_000, errors=2000, spread={"errors": float(burst)})
    said: dict[int, list[float]] = {3: [], 15: []}
    took = []
    for _ in range(20):
        rollout, foretold = structs.replace(START, before=before), [0.0]
        while rollout.state == "running":
            at = len(rollout.windows)
            rollout = drawn(rollout, wish, source, rate=rate, at=at, per_s=2000, burst=burst)
            foretold.append(remaining_s(rollout, wish) if rollout.state == "running" else 0.0)
        assert rollout.state == "promoting"
        took.append(len(rollout.windows))
        for at, each in said.items():
            each.append(foretold[min(at, took[-1])] + min(at, took[-1]))
    for each in said.values():
        assert 0.67 < median(each) / median(took) < 1.5
    assert all(foretold >= 10.0 for foretold in said[3])


def test_without_traffic_there_is_no_end() -> None:
    rollout = START
    for at in range(3):
        silent = Window(start=at * 60.0, end=at * 60.0 + 60.0, weight=5.0, control=Arm(), candidate=Arm())
        rollout = decide(rollout, Wish(), silent, ready=True, now=0.0)
    assert math.isinf(remaining_s(rollout, Wish()))
