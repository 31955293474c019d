"""Dispersion and lag: against scipy's exact law, statsmodels, and traffic made to break the assumptions."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.tsa.stattools import acf

from headway.stats.dispersion import checked, dispersion, halves, lag_correlation, merged
from headway.stats.sequential import Counts


def windows_of(
    draw: Callable[[np.random.Generator, int], tuple[int, int]], *, windows: int, seed: int, of: int = 2000
) -> list[Counts]:
    """Windows of two halves of `of` requests, their bad ones drawn together."""
    source = np.random.default_rng(seed)
    pairs = [draw(source, window) for window in range(windows)]
    return [Counts(bad=a, of=of, control_bad=b, control_of=of) for a, b in pairs]


def independent(source: np.random.Generator, window: int) -> tuple[int, int]:
    """The rate rises and falls in both halves, which is no dispersion."""
    rate = 0.02 * (1.5 + math.sin(window / 20))
    return int(source.binomial(2000, rate)), int(source.binomial(2000, rate))


def bursts(source: np.random.Generator, _window: int) -> tuple[int, int]:
    """Errors come three at a time."""
    return 3 * int(source.binomial(667, 0.01)), 3 * int(source.binomial(667, 0.01))


class Shocked:
    """Each half has a rate of its own that moves slowly: AR(1), 20 %."""

    def __init__(self, memory: float) -> None:
        self.memory, self.at = memory, np.zeros(2)

    def __call__(self, source: np.random.Generator, _window: int) -> tuple[int, int]:
        """The bad ones of both halves."""
        self.at = self.memory * self.at + math.sqrt(1 - self.memory**2) * source.normal(size=2)
        a, b = 0.05 * np.exp(0.2 * self.at)
        return int(source.binomial(2000, a)), int(source.binomial(2000, b))


def test_the_variance_of_a_window_is_that_of_scipys_hypergeometric_law() -> None:
    # One window whose split is unlikely by so many standard deviations: phi is their square.
    window = Counts(bad=9, of=60, control_bad=3, control_of=90)
    law = stats.hypergeom(150, 12, 60)
    assert dispersion([window]) == pytest.approx((9 - law.mean()) ** 2 / law.var())


def test_the_mean_over_all_splits_is_one() -> None:
    law = stats.hypergeom(150, 12, 60)
    mean = sum(law.pmf(k) * dispersion([Counts(bad=k, of=60, control_bad=12 - k, control_of=90)]) for k in range(13))
    assert mean == pytest.approx(1.0)


def test_the_lag_is_statsmodels_correlation_about_zero() -> None:
    windows = windows_of(independent, windows=40, seed=3)
    scaled = []
    for one in windows:
        law = stats.hypergeom(one.of + one.control_of, one.bad + one.control_bad, one.of)
        scaled.append((one.bad - law.mean()) / law.std())
    # Followed by its own mirror image the series has mean 0, and each lag twice but at the joint.
    series = np.array([*scaled, *(-value for value in reversed(scaled))])
    joint = -(scaled[-1] ** 2)
    wanted = (acf(series, nlags=1)[1] * float(series @ series) - joint) / float(series @ series)
    assert lag_correlation(windows) == pytest.approx(wanted)


@pytest.mark.parametrize("seed", range(3))
def test_independent_requests_are_judged_one_by_one_even_when_the_rate_moves(seed: int) -> None:
    found = checked(windows_of(independent, windows=500, seed=seed))
    assert found.judged == "per request"
    assert found.phi == pytest.approx(1.0, abs=3 * math.sqrt(2 / 500))
    assert abs(found.lag) <= 3 / math.sqrt(500)
    assert (found.windows, found.merge) == (500, 1)


@pytest.mark.parametrize("seed", range(3))
def test_bursts_are_judged_between_windows(seed: int) -> None:
    found = checked(windows_of(bursts, windows=500, seed=seed))
    assert found.judged == "robust"
    assert found.phi == pytest.approx(3.0, abs=3 * 3 * math.sqrt(2 / 500))


def test_slow_shocks_of_one_half_ask_for_longer_windows() -> None:
    found = checked(windows_of(Shocked(0.6), windows=1440, seed=1))
    assert found.judged == "lengthen windows"
    assert found.merge > 1
    assert found.lag <= 0.1
    assert found.windows == 1440 // found.merge


def test_a_half_that_always_differs_is_only_reported() -> None:
    def apart(source: np.random.Generator, _window: int) -> tuple[int, int]:
        return int(source.binomial(2000, 0.03)), int(source.binomial(2000, 0.02))

    found = checked(windows_of(apart, windows=300, seed=4))
    assert found.judged == "only report"
    assert found.lag > 0.1


def test_too_little_history_is_no_leave_to_judge_by_request() -> None:
    assert checked([]).judged == "robust"
    assert checked(windows_of(independent, windows=19, seed=5)).judged == "robust"
    empty = Counts(bad=0, of=0, control_bad=0, control_of=0)
    assert (dispersion([empty]), lag_correlation([empty] * 30)) == (1.0, 0.0)


@given(st.dictionaries(st.sampled_from("abcdefghi"), st.tuples(st.integers(0, 50), st.integers(50, 90))))
@settings(max_examples=50, deadline=None)
def test_halves_hold_everything_and_keep_each_unit_on_its_side(units: dict[str, tuple[int, int]]) -> None:
    found = halves(units, salt="a")
    assert found.bad + found.control_bad == sum(bad for bad, _ in units.values())
    assert found.of + found.control_of == sum(of for _, of in units.values())
    assert found == halves(dict(reversed(units.items())), salt="a")
    for unit, counts in units.items():  # alone it is on the side where it is among all
        alone = halves({unit: counts}, salt="a")
        assert alone.of <= found.of
        assert alone.control_of <= found.control_of


def test_salts_draw_different_halves() -> None:
    units = {f"pod-{at}": (at, 100) for at in range(12)}
    assert len({halves(units, salt=str(salt)).bad for salt in range(20)}) > 5


@given(st.integers(1, 7), st.integers(0, 30))
@settings(max_examples=30, deadline=None)
def test_joined_windows_hold_the_sums_of_theirs(by: int, count: int) -> None:
    windows = windows_of(independent, windows=count, seed=6)
    joined = merged(windows, by)
    assert len(joined) == count // by
    whole = merged(joined, len(joined))[0] if joined else Counts(bad=0, of=0, control_bad=0, control_of=0)
    assert whole.bad == sum(one.bad for one in windows[: by * (count // by)])
