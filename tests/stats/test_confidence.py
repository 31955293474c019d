"""Confidence sequences of a ratio and a difference: exact means, coverage at all times, and statsmodels' estimate."""

import itertools
import math

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.contingency_tables import StratifiedTable

from headway.stats.confidence import OFFSETS, RATIOS, Confidence, interval_of, narrowed, p_value, unknown
from headway.stats.sequential import Counts, log_mean_exp

# Never enough to reject, so that a window's evidence can be read.
NEVER = 1e-200


def evidence(state: Confidence) -> dict[float, tuple[float, float]]:
    """For each value of the grid: evidence for lying above it and below it."""
    grid = RATIOS if state.kind == "ratio" else OFFSETS
    return {
        by: (math.exp(log_mean_exp(above)), math.exp(log_mean_exp(below)))
        for by, above, below in zip(grid, state.above, state.below, strict=True)
    }


@pytest.mark.parametrize("kind", ["ratio", "offset"])
@pytest.mark.parametrize(("n", "m"), [(1, 1), (3, 8), (6, 2)])
@pytest.mark.parametrize("control", [1e-9, 0.05, 0.97])
@pytest.mark.parametrize(("p", "q"), [(0.02, 0.02), (0.3, 0.2), (0.1, 0.4), (0.95, 0.97), (0.0, 0.1)])
def test_evidence_against_a_true_value_has_mean_at_most_one_whatever_came_before(
    kind: str, n: int, m: int, control: float, p: float, q: float
) -> None:
    began = unknown("ratio" if kind == "ratio" else "offset", alpha=NEVER)
    for before in (began, narrowed(began, control, Counts(bad=4, of=20, control_bad=3, control_of=50))):
        held = evidence(before)
        means = {by: [0.0, 0.0] for by in held}
        for k, c in itertools.product(range(n + 1), range(m + 1)):
            chance = stats.binom.pmf(k, n, p) * stats.binom.pmf(c, m, q)
            after = evidence(narrowed(before, control, Counts(bad=k, of=n, control_bad=c, control_of=m)))
            for by, sides in after.items():
                means[by][0] += chance * sides[0]
                means[by][1] += chance * sides[1]
        for by, (above, below) in means.items():
            line = by * q if kind == "ratio" else by + q
            assert p > line or above <= held[by][0] * (1.0 + 1e-7)
            assert p < line or below <= held[by][1] * (1.0 + 1e-7)


def run(kind: str, effect: float, source: np.random.Generator, *, windows: int, alpha: float) -> Confidence:
    """A ramp whose base rate doubles in both arms on its way."""
    state = unknown("ratio" if kind == "ratio" else "offset", alpha=alpha)
    bad, of = 100.0, 10_000
    for at in range(windows):
        n = (60, 240, 600)[3 * at // windows]
        q = 0.01 * (1.0 + at / windows)
        p = effect * q if kind == "ratio" else effect + q
        counts = Counts(
            bad=int(source.binomial(n, p)),
            of=n,
            control_bad=int(source.binomial(1200 - n, q)),
            control_of=1200 - n,
        )
        state = narrowed(state, bad / of, counts)
        bad, of = bad + counts.control_bad, of + counts.control_of
    return state


@pytest.mark.parametrize(("kind", "effect"), [("ratio", 1.0), ("ratio", 2.5), ("offset", 0.0), ("offset", 0.02)])
def test_the_truth_is_ever_left_no_more_often_than_stated_over_a_drifting_ramp(kind: str, effect: float) -> None:
    source, alpha, runs = np.random.default_rng(7), 0.2, 60
    missed = 0
    for _ in range(runs):
        found = interval_of(run(kind, effect, source, windows=15, alpha=alpha))
        missed += not found.low <= effect <= found.high
    assert missed / runs <= alpha + 3 * math.sqrt(alpha * (1 - alpha) / runs)


def test_an_interval_shrinks_around_the_truth_and_its_estimate_ignores_common_drift() -> None:
    found = interval_of(run("ratio", 2.0, np.random.default_rng(8), windows=150, alpha=0.05))
    assert 1.5 <= found.low < 2.0 < found.high <= 2.5
    assert found.point == pytest.approx(2.0, rel=0.1)
    found = interval_of(run("offset", 0.02, np.random.default_rng(8), windows=150, alpha=0.05))
    assert 0.01 < found.low < 0.02 < found.high < 0.03


def test_many_bad_requests_leave_no_width_of_the_grid_of_alternatives() -> None:
    state, source = unknown("ratio"), np.random.default_rng(9)
    for _ in range(60):
        state = narrowed(
            state,
            0.2,
            Counts(
                bad=int(source.binomial(6000, 0.2)),
                of=6000,
                control_bad=int(source.binomial(9000, 0.2)),
                control_of=9000,
            ),
        )
    found = interval_of(state)
    assert 0.95 <= found.low < 1.0 < found.high <= 1.05


windows = st.lists(
    st.tuples(st.integers(0, 30), st.integers(31, 400), st.integers(1, 60), st.integers(61, 4000)),
    min_size=1,
    max_size=6,
)


def fold(kind: str, rows: list[tuple[int, int, int, int]]) -> list[Confidence]:
    states = [unknown("ratio" if kind == "ratio" else "offset")]
    for bad, of, control_bad, control_of in rows:
        counts = Counts(bad=bad, of=of, control_bad=control_bad, control_of=control_of)
        states.append(narrowed(states[-1], 0.02, counts))
    return states


@given(windows)
@settings(max_examples=25, deadline=None)
def test_the_estimates_are_those_of_statsmodels(rows: list[tuple[int, int, int, int]]) -> None:
    tables = [np.array([[k, n - k], [c, m - c]], dtype=float) for k, n, c, m in rows]
    assert interval_of(fold("ratio", rows)[-1]).point == pytest.approx(StratifiedTable(tables).riskratio_pooled)
    weights = [n * m / (n + m) for _, n, _, m in rows]
    differences = [k / n - c / m for k, n, c, m in rows]
    assert interval_of(fold("offset", rows)[-1]).point == pytest.approx(np.average(differences, weights=weights))


@given(st.sampled_from(["ratio", "offset"]), windows)
@settings(max_examples=25, deadline=None)
def test_an_interval_never_widens_and_a_restart_gives_the_same_to_the_digit(
    kind: str, rows: list[tuple[int, int, int, int]]
) -> None:
    states = fold(kind, rows)
    for before, after in itertools.pairwise(map(interval_of, states)):
        assert before.low <= after.low < after.high <= before.high
    stored = states[0]
    for bad, of, control_bad, control_of in rows:
        stored = msgspec.json.decode(msgspec.json.encode(stored), type=Confidence)
        stored = narrowed(stored, 0.02, Counts(bad=bad, of=of, control_bad=control_bad, control_of=control_of))
    assert stored == states[-1]


@given(st.sampled_from(["ratio", "offset"]), st.integers(0, 99), st.integers(0, 200), st.integers(200, 4000))
@settings(max_examples=40, deadline=None)
def test_one_more_bad_request_never_lowers_either_end(kind: str, bad: int, control_bad: int, control_of: int) -> None:
    fewer, more = (
        interval_of(
            narrowed(
                unknown("ratio" if kind == "ratio" else "offset"),
                0.02,
                Counts(bad=k, of=100, control_bad=control_bad, control_of=control_of),
            )
        )
        for k in (bad, bad + 1)
    )
    assert fewer.low <= more.low
    assert fewer.high <= more.high


def test_margins_that_people_write_lie_on_the_grids() -> None:
    assert {0.9, 0.95, 1.0, 1.01, 1.05, 1.1, 1.2, 1.25, 1.5, 2.0, 3.0} <= set(RATIOS)
    assert {-0.01, 0.0, 0.001, 0.005, 0.01, 0.02, 0.05} <= set(OFFSETS)
    assert all(a < b for grid in (RATIOS, OFFSETS) for a, b in itertools.pairwise(grid))


def test_windows_without_requests_or_errors_say_what_they_can() -> None:
    empty = Counts(bad=0, of=0, control_bad=5, control_of=500)
    assert narrowed(unknown("ratio"), 0.01, empty) == unknown("ratio")
    clean = interval_of(narrowed(unknown("ratio"), 0.01, Counts(bad=0, of=9, control_bad=0, control_of=9)))
    assert math.isnan(clean.point)
    broken = interval_of(narrowed(unknown("ratio"), 0.001, Counts(bad=500, of=600, control_bad=0, control_of=9000)))
    assert (broken.point, broken.high) == (math.inf, math.inf)
    assert broken.low > 5.0
    with pytest.raises(ValueError, match="more bad requests"):
        narrowed(unknown("ratio"), 0.01, Counts(bad=3, of=2, control_bad=0, control_of=9))
    with pytest.raises(ValueError, match="level"):
        unknown("ratio", alpha=0.0)


@given(st.lists(st.floats(-20, 700), min_size=1, max_size=20))
@settings(deadline=None)
def test_an_always_valid_p_value_is_the_least_inverse_of_the_evidence(logs: list[float]) -> None:
    p = 1.0
    for log in logs:
        p = p_value(log, p)
    assert p == pytest.approx(min(1.0, *(math.exp(-max(0.0, log)) for log in logs)))
