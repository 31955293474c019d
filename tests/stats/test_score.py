"""Robbins' mixture against its own integral, and the window score process by simulation."""

import itertools
import math

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, optimize, stats

from headway.stats.mixture import half_width, log_above, log_msprt, mean_sequence, rho_for
from headway.stats.moments import Moments, moments, shares
from headway.stats.score import ENOUGH_WINDOWS, Score, log_higher, log_lower, score_interval, scored, variance_of
from headway.stats.sequential import Counts


@pytest.mark.parametrize("rho", [0.3, 1.0, 20.0])
@pytest.mark.parametrize("variance", [0.1, 1.0, 50.0])
def test_evidence_has_a_mean_of_one_at_zero_and_less_below(rho: float, variance: float) -> None:
    def mean(drift: float, log_of: object) -> float:
        scale = math.sqrt(variance)
        density = stats.norm(drift, scale)
        reach = 12.0 * scale * math.sqrt(1.0 + variance / rho)
        found, _ = integrate.quad(
            lambda total: math.exp(log_of(total) + density.logpdf(total)),  # type: ignore[operator]
            -reach,
            reach,
            limit=400,
            points=[0.0],
        )
        return float(found)

    assert mean(0.0, lambda total: log_above(total, variance, rho=rho)) == pytest.approx(1.0, abs=1e-6)
    assert mean(-0.5, lambda total: log_above(total, variance, rho=rho)) < 1.0
    assert mean(0.0, lambda total: log_msprt(total, variance, tau=math.sqrt(variance / rho))) == pytest.approx(
        1.0, abs=1e-6
    )


def test_evidence_stays_finite_far_out_and_grows_with_the_sum() -> None:
    totals = [-1e6, -500.0, -210.0, -190.0, 0.0, 50.0, 1e6]
    logs = [log_above(total, 90.0, rho=10.0) for total in totals]
    assert all(math.isfinite(log) for log in logs)
    assert all(a < b for a, b in itertools.pairwise(logs))
    z = -25.0
    exact = 0.5 * z * z + stats.norm.logcdf(z) + math.log(2.0) + 0.5 * math.log(0.1)
    assert log_above(z * 10.0, 90.0, rho=10.0) == pytest.approx(exact, rel=1e-6)


@given(st.floats(1.0, 1e6), st.floats(0.001, 0.2))
@settings(deadline=None)
def test_a_sum_at_the_half_width_is_where_the_two_sided_mixture_reaches_the_level(
    variance: float, alpha: float
) -> None:
    rho = rho_for(variance, alpha=alpha)
    half = half_width(variance, rho=rho, alpha=alpha)
    wide = variance + rho
    assert 0.5 * math.log(rho / wide) + half * half / (2.0 * wide) == pytest.approx(-math.log(alpha))
    best = optimize.minimize_scalar(
        lambda log: half_width(variance, rho=math.exp(log), alpha=alpha), bracket=(0.0, 5.0)
    )
    assert half <= best.fun * 1.01


@given(st.integers(1, 10**6), st.floats(-5, 5), st.floats(0.1, 10), st.floats(0.01, 0.5))
@settings(deadline=None)
def test_the_sequence_of_one_mean_is_the_mixture_in_other_letters(n: int, mean: float, sd: float, rho: float) -> None:
    found = mean_sequence(n, mean, sd, rho=rho, alpha=0.05)
    half = half_width(n * sd * sd, rho=(sd / rho) ** 2, alpha=0.05) / n
    assert (found.low, found.high) == pytest.approx((mean - half, mean + half), rel=1e-9, abs=1e-9)


def test_one_window_is_welchs_statistic_of_scipy() -> None:
    source = np.random.default_rng(2)
    a, b = list(source.normal(1.0, 2.0, 40)), list(source.normal(0.5, 1.0, 300))
    score = scored(Score(), moments(a), moments(b))
    welch = stats.ttest_ind(a, b, equal_var=False).statistic
    assert score.total / math.sqrt(variance_of(score, robust=False)) == pytest.approx(welch)


sizes = st.integers(2, 5000)
windows = st.lists(
    st.tuples(sizes, sizes, st.floats(-100, 100), st.floats(-100, 100), st.floats(0, 50)), min_size=1, max_size=25
)


def fold(rows: list[tuple[int, int, float, float, float]], so_far: Score) -> Score:
    for n, m, mine, other, variance in rows:
        so_far = scored(
            so_far,
            Moments(count=n, mean=mine, variance=variance),
            Moments(count=m, mean=other, variance=variance),
        )
    return so_far


@given(windows)
@settings(deadline=None)
def test_the_variance_between_windows_is_that_of_its_formula(rows: list[tuple[int, int, float, float, float]]) -> None:
    score = fold(rows, Score())
    h = np.array([n * m / (n + m) for n, m, *_ in rows])
    d = np.array([mine - other for _, _, mine, other, _ in rows])
    model = sum(
        weight**2 * (variance / n + variance / m) for weight, (n, m, _, _, variance) in zip(h, rows, strict=True)
    )
    k = len(rows)
    assert variance_of(score, robust=False) == pytest.approx(model)
    if k < ENOUGH_WINDOWS:
        assert variance_of(score, robust=True) == 0.0
        assert log_higher(score, rho=1.0, robust=True) == 0.0
        assert score_interval(score, rho=1.0, robust=True).high == math.inf
    else:
        between = k / (k - 1) * float(np.sum(h**2 * (d - np.average(d, weights=h)) ** 2))
        assert variance_of(score, robust=True) == pytest.approx(max(model, between), rel=1e-6, abs=1e-3)


@given(windows, st.integers(0, 24))
@settings(deadline=None)
def test_a_restart_gives_the_same_numbers_to_the_digit(
    rows: list[tuple[int, int, float, float, float]], at: int
) -> None:
    stored = msgspec.json.decode(msgspec.json.encode(fold(rows[:at], Score())), type=Score)
    assert fold(rows[at:], stored) == fold(rows, Score())


def bursts(source: np.random.Generator, requests: int, rate: float, size: int) -> int:
    return min(requests, size * int(source.binomial(requests // size, rate)))


def ever(
    source: np.random.Generator, *, lift: float = 1.0, size: int = 1, drift: float = 1.0, robust: bool, runs: int
) -> float:
    """How often evidence of harm ever reaches 20 in 40 windows of 12,000 requests on a ramp of 1, 5, 20, 50 %."""
    rho = rho_for(0.25 * 40 * 600 * 0.01, alpha=0.05, sides=1)
    found = 0
    for _ in range(runs):
        score, worst = Score(), 0.0
        for at in range(40):
            n = (120, 600, 2400, 6000)[at // 10]
            rate = 0.01 * (1.0 + (drift - 1.0) * at / 40)
            mine, other = shares(
                Counts(
                    bad=bursts(source, n, lift * rate, size),
                    of=n,
                    control_bad=bursts(source, 12_000 - n, rate, size),
                    control_of=12_000 - n,
                )
            )
            score = scored(score, mine, other)
            worst = max(worst, log_higher(score, rho=rho, robust=robust))
        found += worst >= math.log(20.0)
    return found / runs


def stated(runs: int) -> float:
    return 0.05 + 3 * math.sqrt(0.05 * 0.95 / runs)


@pytest.mark.parametrize("robust", [False, True])
def test_a_ramp_on_which_both_arms_get_worse_is_called_harm_no_more_often_than_stated(robust: bool) -> None:  # noqa: FBT001
    assert ever(np.random.default_rng(3), drift=2.0, robust=robust, runs=250) <= stated(250)


@pytest.mark.parametrize("size", [3, 10])
def test_errors_in_bursts_mislead_the_model_and_not_the_variance_between_windows(size: int) -> None:
    assert ever(np.random.default_rng(4), size=size, robust=True, runs=200) <= stated(200)
    assert ever(np.random.default_rng(4), size=size, robust=False, runs=200) > stated(200)


def test_a_worse_candidate_is_found_by_both_rules() -> None:
    for robust in (False, True):
        assert ever(np.random.default_rng(5), lift=1.5, robust=robust, runs=30) > 0.9


def test_the_difference_is_ever_left_no_more_often_than_stated_and_safety_is_seen() -> None:
    source, runs, missed, safe = np.random.default_rng(6), 300, 0, 0
    rho = rho_for(10 * 33.3, alpha=0.05)
    for _ in range(runs):
        score, out, seen = Score(), False, False
        for _ in range(40):
            a, b = source.exponential(1.2, 50), source.exponential(1.0, 100)
            score = scored(
                score,
                Moments(count=50, mean=float(a.mean()), variance=float(a.var(ddof=1))),
                Moments(count=100, mean=float(b.mean()), variance=float(b.var(ddof=1))),
            )
            found = score_interval(score, rho=rho)
            out = out or not found.low <= 0.2 <= found.high
            seen = seen or log_lower(score, rho=rho, than=0.5) >= math.log(20.0)
        missed += out
        safe += seen
    assert missed / runs <= stated(runs)
    assert safe / runs > 0.95


def test_a_gauge_is_judged_between_windows_only_and_nonsense_is_refused() -> None:
    source, score = np.random.default_rng(7), Score()
    for _ in range(30):
        mine, other = (Moments(count=1, mean=float(source.normal(mean, 0.2)), variance=0.0) for mean in (1.5, 1.0))
        score = scored(score, mine, other)
    assert log_higher(score, rho=1.0) == 0.0
    assert log_higher(score, rho=1.0, robust=True) > 3.0
    lonely = scored(Score(), Moments(count=1, mean=1.0, variance=0.0), Moments(count=9, mean=1.0, variance=2.0))
    assert lonely.within == pytest.approx(0.9**2 * (2.0 + 2.0 / 9))
    assert scored(score, Moments(count=0, mean=0.0, variance=0.0), other) == score
    with pytest.raises(ValueError, match="cannot be scored"):
        scored(score, Moments(count=3, mean=math.nan, variance=0.0), other)
    with pytest.raises(ValueError, match="rho needs"):
        rho_for(0.0, alpha=0.05)
    with pytest.raises(ValueError, match="no values"):
        mean_sequence(0, 0.0, 1.0, rho=0.1)
