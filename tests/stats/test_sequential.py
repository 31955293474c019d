"""The e-process against its own definition by exact enumeration, and its error rates by simulation."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize
from tests.stats.exact import expected

from headway.stats.sequential import (
    HARM_LIFTS,
    SAFE_FRACTIONS,
    Counts,
    Line,
    boundary,
    expected_least,
    log_e,
    log_harm,
    log_mean_exp,
    log_safe,
    nearest_null,
    raised,
    weights_behind,
)
from headway.stats.track import begun, grown, harm_of, safety_of

TOLERATED = (Line(kind="ratio", by=1.1), Line(kind="offset", by=0.001))
MARGIN = (Line(kind="ratio", by=1.5), Line(kind="offset", by=0.05))

rates = st.floats(1e-4, 0.6)
sizes = st.integers(1, 5000)
lines = st.one_of(
    st.floats(1.0, 2.0).map(lambda by: Line(kind="ratio", by=by)),
    st.sampled_from([0.001, 0.005, 0.05]).map(lambda by: Line(kind="offset", by=by)),
)


@pytest.mark.parametrize(("n", "m"), [(1, 1), (3, 8), (6, 2), (0, 5), (5, 0)])
@pytest.mark.parametrize("control", [0.02, 0.3, 0.95])
def test_evidence_of_harm_has_mean_at_most_one_wherever_the_candidate_is_tolerated(
    n: int, m: int, control: float
) -> None:
    for q, part in itertools.product([0.001, 0.02, 0.3, 0.7, 0.95], [0.0, 0.5, 1.0]):
        p = min(1.0, part * max(boundary(line, q) for line in TOLERATED))
        mean = expected(lambda counts: log_mean_exp(log_harm(TOLERATED, control, counts)), n, m, p, q)
        assert mean <= 1.0 + 1e-9


@pytest.mark.parametrize("control", [0.9, 0.98, 1.0])
def test_nothing_is_harm_beyond_a_line_that_no_rate_can_pass(control: float) -> None:
    line = (Line(kind="offset", by=0.05),)
    for q in (0.9, 0.95, 0.999):
        mean = expected(lambda counts: log_mean_exp(log_harm(line, control, counts)), 4, 6, min(1.0, q + 0.05), q)
        assert mean <= 1.0 + 1e-9


@pytest.mark.parametrize(("n", "m"), [(1, 1), (3, 8), (6, 2), (0, 5), (5, 0)])
@pytest.mark.parametrize("control", [0.02, 0.3])
def test_evidence_of_safety_has_mean_at_most_one_wherever_the_candidate_is_beyond_the_margin(
    n: int, m: int, control: float
) -> None:
    for q, part in itertools.product([0.001, 0.02, 0.3, 0.6], [1.0, 1.3, 3.0]):
        p = min(1.0, part * max(boundary(line, q) for line in MARGIN))
        mean = expected(lambda counts: log_mean_exp(log_safe(MARGIN, control, counts)), n, m, p, q)
        assert mean <= 1.0 + 1e-9


@pytest.mark.parametrize(("n", "m"), [(1, 20), (3, 8)])
def test_a_line_beyond_which_no_rate_lies_makes_no_evidence_out_of_nothing(n: int, m: int) -> None:
    line = [Line(kind="ratio", by=1.1)]
    for p, q in ((1.0, 0.95), (0.97, 0.93), (0.5, 0.9)):
        assert expected(lambda counts: log_mean_exp(log_harm(line, 0.95, counts)), n, m, p, q) <= 1.0 + 1e-9


def log_mean(line: Line, rate: float, control: float, counts: Counts, p: float, q: float) -> float:
    """The logarithm of the exact mean of one window's e-value at (p, q), in closed form for any size."""
    null, null_control = nearest_null(line, rate, control, counts)
    mine = p * rate / null + (1 - p) * (1 - rate) / (1 - null)
    other = q * control / null_control + (1 - q) * (1 - control) / (1 - null_control)
    if not mine or not other:  # what would have counted cannot happen
        return -math.inf
    return counts.of * math.log(mine) + counts.control_of * math.log(other)


@given(lines, rates, st.sampled_from(HARM_LIFTS), sizes, sizes, rates, st.floats(0, 1))
@settings(max_examples=300, deadline=None)
def test_no_tolerated_pair_of_rates_has_a_mean_above_one_for_any_size_of_window(  # noqa: PLR0917 - one law, all its parts
    line: Line, control: float, lift: float, n: int, m: int, q: float, part: float
) -> None:
    base = boundary(line, control)
    if base >= 1.0 or boundary(line, q) > 1.0:
        return
    counts = Counts(bad=0, of=n, control_bad=0, control_of=m)
    assert log_mean(line, raised(base, lift), control, counts, part * boundary(line, q), q) <= 1e-8


@given(lines, rates, st.sampled_from(SAFE_FRACTIONS), sizes, sizes, rates, st.floats(0, 1))
@settings(max_examples=300, deadline=None)
def test_no_unsafe_pair_of_rates_has_a_mean_above_one_for_any_size_of_window(  # noqa: PLR0917 - one law, all its parts
    line: Line, control: float, fraction: float, n: int, m: int, q: float, part: float
) -> None:
    far, edge = boundary(line, control), boundary(line, q)
    rate = max(control + fraction * (far - control), 0.25 * control)
    if edge > 1.0 or not 0 < rate < min(far, 1.0):
        return
    counts = Counts(bad=0, of=n, control_bad=0, control_of=m)
    assert log_mean(line, rate, control, counts, edge + part * (1.0 - edge), q) <= 1e-8


several = st.sampled_from(
    [
        TOLERATED,
        (Line(kind="ratio", by=1.5), Line(kind="offset", by=0.01)),
        (Line(kind="ratio", by=1.0), Line(kind="fixed", by=0.05)),
        (Line(kind="ratio", by=2.0), Line(kind="offset", by=0.001), Line(kind="fixed", by=0.02)),
    ]
)


@given(several, st.floats(1e-5, 0.3), st.sampled_from(HARM_LIFTS), sizes, sizes, st.floats(0, 1), st.floats(0, 1))
@settings(max_examples=400, deadline=None)
def test_behind_any_of_several_lines_no_pair_of_rates_has_a_mean_above_one(  # noqa: PLR0917 - one law, all its parts
    lines: tuple[Line, ...], control: float, lift: float, n: int, m: int, q: float, part: float
) -> None:
    bet = raised(max(boundary(line, control) for line in lines), lift)
    found = weights_behind(lines, bet, control, (n, m))
    p = part * min(1.0, max(boundary(line, q) for line in lines))
    least = math.inf
    for bad, good, control_bad, control_good in found:
        mine = p * math.exp(bad) + (1 - p) * math.exp(good)
        other = q * math.exp(control_bad) + (1 - q) * math.exp(control_good)
        least = min(least, n * math.log(mine) + m * math.log(other) if mine > 0 and other > 0 else -math.inf)
    assert least <= 1e-8


def test_one_line_above_several_is_taken_where_windows_hold_few_bad_requests() -> None:
    few, many = (weights_behind(TOLERATED, 0.003, 0.001, (n, 19 * n)) for n in (300, 30_000))
    assert (len(few), len(many)) == (1, 2)
    assert len(weights_behind(TOLERATED[:1], 0.003, 0.001, (300, 5700))) == 1


@pytest.mark.parametrize("n", [50, 500, 5000])
def test_the_least_of_two_logarithms_is_as_small_as_drawn(n: int) -> None:
    found = weights_behind(TOLERATED, 0.02, 0.01, (10**6, 10**7))
    source = np.random.default_rng(1)
    bad, control_bad = source.binomial(n, 0.02, 20_000), source.binomial(10 * n, 0.01, 20_000)
    drawn = np.min(
        [w[0] * bad + w[1] * (n - bad) + w[2] * control_bad + w[3] * (10 * n - control_bad) for w in found], axis=0
    )
    mean, variance = expected_least(found, (0.02, 0.01), (n, 10 * n))
    assert mean == pytest.approx(drawn.mean(), abs=0.02 * drawn.std() + 4 * drawn.std() / math.sqrt(20_000))
    assert variance == pytest.approx(drawn.var(), rel=0.1)


@pytest.mark.parametrize("line", [*TOLERATED, *MARGIN])
def test_the_nearest_null_minimises_the_divergence_as_scipy_finds_it(line: Line) -> None:
    counts, rate, control = Counts(bad=0, of=37, control_bad=0, control_of=512), 0.11, 0.02

    def divergence(q: float) -> float:
        p = boundary(line, q)
        mine = rate * math.log(rate / p) + (1 - rate) * math.log((1 - rate) / (1 - p))
        other = control * math.log(control / q) + (1 - control) * math.log((1 - control) / (1 - q))
        return 37 * mine + 512 * other

    found = optimize.minimize_scalar(divergence, bounds=(1e-6, 0.6), method="bounded", options={"xatol": 1e-12})
    p, q = nearest_null(line, rate, control, counts)
    assert q == pytest.approx(found.x, abs=1e-6)
    assert p == pytest.approx(boundary(line, q))


@given(st.integers(0, 40), st.integers(40, 400), st.integers(0, 200), st.integers(200, 4000), rates)
@settings(max_examples=100, deadline=None)
def test_one_more_error_of_the_candidate_never_lowers_the_evidence_of_harm(
    bad: int, of: int, control_bad: int, control_of: int, control: float
) -> None:
    counts = [
        Counts(bad=k, of=of, control_bad=control_bad, control_of=control_of)
        for k in (min(bad, of - 1), min(bad, of - 1) + 1)
    ]
    fewer, more = (log_harm(TOLERATED, control, each) for each in counts)
    assert all(low <= high + 1e-9 for low, high in zip(fewer, more, strict=True))
    safer, riskier = (log_safe(MARGIN, control, each) for each in counts)
    assert all(low <= high + 1e-9 for low, high in zip(riskier, safer, strict=True))


@pytest.mark.parametrize("line", [*TOLERATED, *MARGIN])
def test_a_window_without_requests_in_one_arm_says_nothing(line: Line) -> None:
    for counts in (
        Counts(bad=0, of=0, control_bad=3, control_of=50),
        Counts(bad=3, of=50, control_bad=0, control_of=0),
        Counts(bad=0, of=0, control_bad=0, control_of=0),
    ):
        assert log_e(line, 0.2, 0.05, counts) == 0.0


def test_a_mean_of_huge_evidence_does_not_overflow() -> None:
    assert log_mean_exp([5000.0, 0.0]) == pytest.approx(5000.0 - math.log(2))
    assert log_mean_exp([math.log(2), math.log(4)], [0.75, 0.25]) == pytest.approx(math.log(2.5))


def test_a_process_begun_later_does_not_carry_the_healthy_past() -> None:
    harm, healthy = tuple(1.0 for _ in HARM_LIFTS), tuple(-1.0 for _ in HARM_LIFTS)
    none = tuple(0.0 for _ in SAFE_FRACTIONS)
    track = grown(begun(2), stage=0, harm=healthy, safe=none)
    track = grown(track, stage=1, harm=harm, safe=none)
    assert harm_of(track) == pytest.approx(math.log(0.4 * math.exp(0) + 0.6 * math.exp(1)))
    alone = grown(grown(begun(1), stage=0, harm=healthy, safe=none), stage=0, harm=harm, safe=none)
    assert harm_of(alone) == pytest.approx(0.0)


def crossings(rate: float, control: float, *, windows: int, runs: int, seed: int) -> tuple[float, float]:
    """How often harm ever reaches 20 and safety ever reaches 20, both at 5 %, in windows of 30 and 570 requests."""
    source = np.random.default_rng(seed)
    harmful = safe = 0
    for _ in range(runs):
        track, bad, of = begun(1), 0, 570
        bad += int(source.binomial(570, control))
        worst = best = 0.0
        for _ in range(windows):
            known = max(bad, 0.1) / of
            counts = Counts(
                bad=int(source.binomial(30, rate)),
                of=30,
                control_bad=int(source.binomial(570, control)),
                control_of=570,
            )
            margin = (Line(kind="ratio", by=1.5), Line(kind="offset", by=0.005))
            track = grown(track, stage=0, harm=log_harm(TOLERATED, known, counts), safe=log_safe(margin, known, counts))
            bad, of = bad + counts.control_bad, of + counts.control_of
            worst, best = max(worst, harm_of(track)), max(best, safety_of(track))
        harmful += worst >= math.log(20)
        safe += best >= math.log(20)
    return harmful / runs, safe / runs


def test_a_candidate_at_the_tolerance_is_called_harmful_no_more_often_than_stated() -> None:
    for rate, control in ((0.011, 0.01), (0.002, 0.001)):
        harmful, _ = crossings(rate, control, windows=60, runs=60, seed=3)
        assert harmful <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 60)


def test_a_candidate_at_the_margin_is_called_safe_no_more_often_than_stated() -> None:
    for rate, control in ((0.015, 0.01), (0.0052, 0.0002)):
        _, safe = crossings(rate, control, windows=60, runs=60, seed=4)
        assert safe <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 60)


def test_a_candidate_that_fails_three_times_as_often_is_found() -> None:
    harmful, safe = crossings(0.05, 0.01, windows=60, runs=40, seed=5)
    assert harmful > 0.9
    assert safe < 0.1


@pytest.mark.parametrize(
    "line", [*(Line(kind="ratio", by=by) for by in (1.0, 1.1, 3.0)), Line(kind="offset", by=0.001)]
)
@pytest.mark.parametrize("control", [1e-9, 1e-5, 0.01, 0.5, 0.9, 0.999, 1.0 - 1e-5, 1.0 - 1e-7, 1.0 - 1e-9])
def test_rates_near_none_and_all_lose_no_digits(line: Line, control: float) -> None:
    """The exact mean, A(p)^n B(q)^m, where the line meets the alternative: steady latencies have a share of all."""
    counts = Counts(bad=0, of=600, control_bad=0, control_of=11_400)
    base = min(1.0 - 1e-9, boundary(line, control))
    for lift in HARM_LIFTS:
        rate = min(1.0 - 1e-9, raised(base, lift))
        p, q = nearest_null(line, rate, control, counts)
        mine = math.log(p * (rate / p) + (1.0 - p) * ((1.0 - rate) / (1.0 - p)))
        theirs = math.log(q * (control / q) + (1.0 - q) * ((1.0 - control) / (1.0 - q)))
        assert 600 * mine + 11_400 * theirs < 1e-9
        # At the rates that the control has, an equal candidate has the least mean that there is: one.
        if line.by == 1.0 and line.kind == "ratio":
            even = math.log(control * (rate / p) + (1.0 - control) * ((1.0 - rate) / (1.0 - p)))
            beside = math.log(control * (control / q) + (1.0 - control) * ((1.0 - control) / (1.0 - q)))
            assert 600 * even + 11_400 * beside < 1e-9


def test_equal_versions_whose_requests_all_pass_an_edge_show_no_harm() -> None:
    alike = Counts(bad=100, of=100, control_bad=1900, control_of=1900)
    for counts in (alike, Counts(bad=0, of=100, control_bad=1900, control_of=1900)):
        assert log_mean_exp(log_harm([Line(kind="ratio", by=1.0)], 1.0, counts)) <= 0.0
