"""Evidence from bad requests alone: its mean on the null, exactly, and its error rate on a ramp."""

import math

import numpy as np
import pytest
from scipy import stats

from headway.stats.error_share import log_share_above, log_share_below
from headway.stats.sequential import HARM_LIFTS, log_mean_exp


@pytest.mark.parametrize("share", [0.01, 0.05, 0.5, 0.9])
@pytest.mark.parametrize("ratio", [1.0, 1.5])
@pytest.mark.parametrize("errors", [1, 4, 40])
def test_evidence_has_mean_one_at_its_line_and_less_behind_it(share: float, ratio: float, errors: int) -> None:
    for times in (1.0, 0.7, 0.1):
        for log_of, actual in ((log_share_above, ratio * times), (log_share_below, ratio / times)):
            falls = share * actual / (share * actual + 1.0 - share)
            mean = sum(
                float(stats.binom.pmf(bad, errors, falls))
                * math.exp(log_mean_exp(log_of(bad, errors - bad, share, ratio=ratio)))
                for bad in range(errors + 1)
            )
            if log_of is log_share_below and ratio == 1.0:
                continue  # a margin at the control itself has no alternative on its safe side
            assert mean == pytest.approx(1.0) if times == 1.0 else mean < 1.0


def test_a_ramp_whose_errors_double_is_called_harm_no_more_often_than_stated() -> None:
    source, runs, wrong = np.random.default_rng(1), 500, 0
    for _ in range(runs):
        logs, worst = np.zeros(len(HARM_LIFTS)), 0.0
        for at in range(40):
            share = (0.01, 0.05, 0.2, 0.5)[at // 10]
            mean = 100.0 * (1.0 + at / 40)
            bad, other = int(source.poisson(share * mean)), int(source.poisson((1.0 - share) * mean))
            logs += log_share_above(bad, other, share)
            worst = max(worst, log_mean_exp(list(logs)))
        wrong += worst >= math.log(20.0)
    assert wrong / runs <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / runs)


def test_an_arm_that_gets_all_requests_or_none_says_nothing() -> None:
    for share in (0.0, 1.0):
        assert set(log_share_above(3, 4, share)) == set(log_share_below(3, 4, share, ratio=2.0)) == {0.0}
