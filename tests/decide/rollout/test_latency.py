"""Latency: what is slower is aborted, what is not is promoted, and edges are where the router can count exactly."""

import re
from collections.abc import Callable

import numpy as np
import pytest
from msgspec import structs
from tests.decide.rollout.start import START

from headway.decide.rollout.decision import decide
from headway.decide.rollout.guardrails.latency import placed
from headway.evidence.stage import Rollout
from headway.evidence.window import Arm, Window
from headway.render.traffic.envoy.server import EDGES_MS
from headway.spec.guardrail import LatencyGuardrail
from headway.spec.rollout import Rollout as Wish
from headway.spec.rollout import WrongAtMost

# By factors alone, so that what is known of them holds for quick services, too.
P95 = LatencyGuardrail(latency="p95", floor=0.0, tolerate_floor=0.0)
STRICT = structs.replace(P95, tolerate=1.02)
FLOORED = LatencyGuardrail(latency="p95")
WRONG = WrongAtMost(abort=0.01)
# Milliseconds of so many requests, by what they usually take.
Took = Callable[[np.random.Generator, int, float], np.ndarray]


def spread(source: np.random.Generator, starts: int, typical_ms: float) -> np.ndarray:
    return typical_ms * np.exp(0.5 * source.standard_normal(starts))


def steady(source: np.random.Generator, starts: int, typical_ms: float) -> np.ndarray:
    return typical_ms + source.uniform(-0.01, 0.01, starts) * typical_ms


def shifted(source: np.random.Generator, starts: int, typical_ms: float) -> np.ndarray:
    """Of a quick service, and what is beyond 5 ms is added to every request."""
    return spread(source, starts, 5.0) + (typical_ms - 5.0)


def look(rollout: Rollout, seen: Window | None = None, guardrail: LatencyGuardrail = P95) -> Rollout:
    wish = Wish(window=1.0, guardrails=(guardrail,), wrong_at_most=WRONG)
    return decide(rollout, wish, seen, ready=True, now=10.0)


def timed(
    weight: float, source: np.random.Generator, *, slower: float = 1.0, typical_ms: float = 20.0, took: Took = spread
) -> Window:
    arms = []
    for starts, times in ((400 - round(4 * weight), 1.0), (round(4 * weight), slower)):
        ms = np.floor(took(source, starts, typical_ms * times))  # as Envoy does
        arms.append(Arm(starts=starts, slower=tuple(int((ms >= edge).sum()) for edge in EDGES_MS)))
    return Window(start=0.0, end=1.0, weight=weight, edges_ms=EDGES_MS, control=arms[0], candidate=arms[1])


def played(seed: int, guardrail: LatencyGuardrail = P95, windows: int = 120, **worse: object) -> str:
    source, rollout = np.random.default_rng(seed), look(START, guardrail=guardrail)
    for _ in range(windows):
        if rollout.state == "running":
            seen = timed(rollout.weight, source, **worse)  # type: ignore[arg-type]
            rollout = look(rollout, seen, guardrail)
    return rollout.state


@pytest.mark.parametrize(
    ("slower", "typical_ms", "state"),
    [(1.0, 20.0, "promoting"), (2.0, 20.0, "aborting"), (1.0, 1.0, "promoting"), (10.0, 1.0, "aborting")],
)
def test_latency_decides_by_scaled_shares_and_a_model_below_the_first_edge_can_pass(
    slower: float, typical_ms: float, state: str
) -> None:
    assert played(1, slower=slower, typical_ms=typical_ms) == state


def test_a_candidate_just_slower_than_its_margin_is_not_promoted() -> None:
    assert played(2, windows=60, slower=1.3) != "promoting"


def test_latency_windows_with_other_edges_say_nothing() -> None:
    source, rollout = np.random.default_rng(3), look(START)
    for _ in range(5):
        rollout = look(rollout, timed(5.0, source))
    assert rollout.tally is not None
    moved = structs.replace(timed(5.0, source, slower=9.0), edges_ms=tuple(edge * 2 for edge in EDGES_MS))
    again = look(rollout, moved)
    assert again.tally is not None
    assert again.tally.tracks == rollout.tally.tracks


@pytest.mark.parametrize("typical_ms", [6.0, 11.8, 11.99, 49.9, 99.5, 205.0])
@pytest.mark.parametrize("took", [spread, steady])
def test_what_is_tolerated_is_not_aborted_however_alike_latencies_are(took: Took, typical_ms: float) -> None:
    for seed in range(3):
        assert played(seed, STRICT, 60, slower=1.02, typical_ms=typical_ms, took=took) != "aborting"
        assert played(seed, P95, 60, slower=1.25, typical_ms=typical_ms, took=took) != "aborting"


@pytest.mark.parametrize("typical_ms", [11.8, 30.0, 99.5, 205.0])
def test_a_steady_version_that_takes_much_longer_is_aborted(typical_ms: float) -> None:
    assert played(3, STRICT, slower=1.35, typical_ms=typical_ms, took=steady) == "aborting"
    assert played(3, slower=1.7, typical_ms=typical_ms, took=steady) == "aborting"
    assert played(3, STRICT, typical_ms=typical_ms, took=steady) == "promoting"


def test_a_version_that_is_a_tenth_slower_is_mostly_aborted_where_a_fiftieth_is_tolerated() -> None:
    states = [played(seed, STRICT, slower=1.1, typical_ms=60.0) for seed in range(10)]
    assert states.count("aborting") >= 6
    assert played(1, slower=1.1, typical_ms=60.0) == "promoting"


@pytest.mark.parametrize("took", [shifted, steady])
def test_some_milliseconds_more_are_no_harm_to_a_quick_service(took: Took) -> None:
    """A version with few requests is colder by what the machine takes, and not by a factor."""
    slower = {"slower": 8.0 / 5.0, "typical_ms": 5.0, "took": took}
    assert [played(seed, P95, **slower) for seed in range(3)] == ["aborting"] * 3
    assert [played(seed, FLOORED, **slower) for seed in range(3)] == ["promoting"] * 3
    assert played(1, FLOORED, slower=4.0, typical_ms=5.0, took=took) == "aborting"
    # Of a slow one they are less than its factor.
    assert played(1, FLOORED, slower=2.0, typical_ms=80.0, took=took) == "aborting"


def test_a_moment_in_which_a_process_stood_still_is_no_harm_and_several_are() -> None:
    def standing(source: np.random.Generator, share: float) -> Window:
        """A window of which the candidate answers a share of the requests a quarter of a second later."""
        alike = timed(50.0, source)
        held = round(share * alike.candidate.starts)
        slower = tuple(
            max(slow, held if edge <= 250.0 else 0) for edge, slow in zip(EDGES_MS, alike.candidate.slower, strict=True)
        )
        return structs.replace(alike, candidate=structs.replace(alike.candidate, slower=slower))

    source, rollout = np.random.default_rng(4), look(START)
    while rollout.weight < 50.0:
        rollout = look(rollout, timed(rollout.weight, source))
    once = look(rollout, standing(source, 0.3))
    assert once.state == "running"
    again = once
    for _ in range(4):
        again = look(again, standing(source, 0.3)) if again.state == "running" else again
    assert again.state == "aborting"
    for _ in range(40):
        once = look(once, timed(50.0, source)) if once.state == "running" else once
    assert once.state == "promoting"


def test_a_reason_names_the_edge_at_which_harm_was_seen() -> None:
    source, rollout = np.random.default_rng(1), look(START)
    while rollout.state == "running":
        rollout = look(rollout, timed(rollout.weight, source, slower=3.0))
    assert re.match(r"latency p95 worse than tolerated above \d+ ms: evidence of", rollout.why), rollout.why


def test_of_the_edges_around_a_quantile_that_one_is_compared_whose_tolerated_one_is_nearest() -> None:
    control = Arm(starts=1000, slower=tuple(500 if edge <= 105 else 0 for edge in EDGES_MS))
    tracks = placed(structs.replace(STRICT, latency="p50"), control, EDGES_MS, 1)
    # The median is beyond 100, for which 110 would stand; for 90 it is 92.  Then the next edge, and two steps behind.
    assert [track.at for track in tracks] == [90.0, 110.0, 150.0]
