"""Metrics, intervals and paired comparisons against scikit-learn and against simulation."""

import math
from typing import Any

import numpy as np
import pytest
from msgspec import structs
from numpy.typing import NDArray
from sklearn import metrics

from headway.evidence.measurement import Metric, Paired
from headway.spec.gate import METRICS
from headway.stats.arrays.answers import Answers, answers
from headway.stats.arrays.comparisons import compare
from headway.stats.arrays.scores import score
from headway.stats.metrics import LESS_IS_BETTER


def two_classes(rows: int = 400, *, seed: int = 1, skill: float = 1.0) -> tuple[NDArray[Any], NDArray[Any]]:
    source = np.random.default_rng(seed)
    truth = source.random(rows) < 0.3
    logit = skill * (truth - 0.5) * 2 + source.normal(size=rows)
    return truth.astype(int), 1 / (1 + np.exp(-logit))


def binary(truth: NDArray[Any], chance: NDArray[Any], units: NDArray[Any] | None = None) -> Answers:
    table = np.column_stack([1 - chance, chance])
    return answers(truth, (chance > 0.5).astype(int), probability=table, classes=[0, 1], units=units)


def test_every_metric_that_a_gate_may_name_agrees_with_scikit_learn_for_two_classes() -> None:
    truth, chance = two_classes()
    guess = (chance > 0.5).astype(int)
    wanted = {
        "accuracy": metrics.accuracy_score(truth, guess),
        "auc": metrics.roc_auc_score(truth, chance),
        "balanced_accuracy": metrics.balanced_accuracy_score(truth, guess),
        "f1": metrics.f1_score(truth, guess),
        "log_loss": metrics.log_loss(truth, chance),
        "brier": metrics.brier_score_loss(truth, chance),
        "precision": metrics.precision_score(truth, guess),
        "recall": metrics.recall_score(truth, guess),
    }
    assert set(wanted) == {name for name, (tasks, _) in METRICS.items() if "classification" in tasks}
    for name, value in wanted.items():
        found = score(name, binary(truth, chance))
        assert found is not None
        assert found.point == pytest.approx(value, abs=1e-12), name
        assert found.low < found.point < found.high


def test_every_metric_agrees_with_scikit_learn_for_three_classes() -> None:
    source = np.random.default_rng(2)
    truth = source.choice(["a", "b", "c"], size=300, p=[0.5, 0.3, 0.2])
    table = source.dirichlet([2, 2, 2], size=300) + 0.4 * (truth[:, None] == np.array(["a", "b", "c"])[None, :])
    table /= table.sum(axis=1, keepdims=True)
    guess = np.array(["a", "b", "c"])[table.argmax(axis=1)]
    given = answers(truth, guess, probability=table, classes=["a", "b", "c"])
    wanted = {
        "accuracy": metrics.accuracy_score(truth, guess),
        "auc": metrics.roc_auc_score(truth, table, multi_class="ovr"),
        "balanced_accuracy": metrics.balanced_accuracy_score(truth, guess),
        "f1": metrics.f1_score(truth, guess, average="macro"),
        "log_loss": metrics.log_loss(truth, table),
        "brier": metrics.brier_score_loss(truth, table, labels=["a", "b", "c"], scale_by_half=False),
        "precision": metrics.precision_score(truth, guess, average="macro"),
        "recall": metrics.recall_score(truth, guess, average="macro"),
    }
    for name, value in wanted.items():
        found = score(name, given)
        assert found is not None
        assert found.point == pytest.approx(value, abs=1e-12), name


def test_every_metric_agrees_with_scikit_learn_for_numbers() -> None:
    source = np.random.default_rng(3)
    truth = source.normal(1e6, 3.0, size=250)
    guess = truth + source.normal(size=250)
    wanted = {
        "mae": metrics.mean_absolute_error(truth, guess),
        "rmse": metrics.root_mean_squared_error(truth, guess),
        "r2": metrics.r2_score(truth, guess),
    }
    assert set(wanted) == {name for name, (tasks, _) in METRICS.items() if "regression" in tasks}
    for name, value in wanted.items():
        found = score(name, answers(truth, guess))
        assert found is not None
        assert found.point == pytest.approx(value, rel=1e-9), name


def test_which_way_is_better_is_what_the_spec_says() -> None:
    assert {name for name, (_, more) in METRICS.items() if not more} == LESS_IS_BETTER


@pytest.mark.parametrize("name", ["accuracy", "auc", "f1", "log_loss", "balanced_accuracy", "brier", "precision"])
def test_a_constant_answer_scores_what_the_best_constant_model_scores(name: str) -> None:
    truth, chance = two_classes()
    found = score(name, binary(truth, chance))
    assert found is not None
    share = truth.mean()
    constants = [binary(truth, np.full(len(truth), value)) for value in (share, 1.0, 0.0)]
    reached = [scored.point for given in constants if (scored := score(name, given))]
    best = min(reached) if name in LESS_IS_BETTER else max(reached)
    assert found.constant == pytest.approx(best, abs=1e-9)


def test_the_interval_of_auc_covers_the_truth_as_often_as_it_says() -> None:
    # Normal scores one unit apart: the true area is Phi(1/sqrt(2)).
    source, wanted, covered = np.random.default_rng(4), 0.5 * (1 + math.erf(0.5)), 0
    for _ in range(300):
        truth = (np.arange(200) % 2).astype(int)
        chance = 1 / (1 + np.exp(-(truth + source.normal(size=200))))
        found = score("auc", binary(truth, chance))
        assert found is not None
        covered += found.low <= wanted <= found.high
    assert 0.91 <= covered / 300 <= 0.985


def test_rows_of_one_unit_widen_the_interval() -> None:
    truth, chance = two_classes(100)
    copies = np.repeat(np.arange(100), 10)
    apart = binary(truth[copies], chance[copies])
    together = binary(truth[copies], chance[copies], units=copies)
    alone = binary(truth, chance)
    for name in ("accuracy", "auc", "log_loss"):
        wide, narrow, fair = (score(name, given) for given in (together, apart, alone))
        assert wide is not None and narrow is not None and fair is not None  # noqa: PT018 - one fact for three
        assert wide.high - wide.low > 2 * (narrow.high - narrow.low)
        assert wide.high - wide.low == pytest.approx(fair.high - fair.low, rel=0.1)


def test_two_versions_of_equal_worth_are_told_apart_as_rarely_as_the_level_says() -> None:
    source, wrong = np.random.default_rng(5), 0
    for _ in range(400):
        truth = (source.random(300) < 0.4).astype(int)
        shared = truth + source.normal(size=300)
        first, second = (1 / (1 + np.exp(-(shared + source.normal(size=300)))) for _ in range(2))
        found = compare("auc", binary(truth, first), binary(truth, second))
        assert found is not None
        wrong += found.statistics["difference"] - 1.645 * math.sqrt(found.statistics["variance"]) > 0
    assert wrong / 400 <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 400)


def test_the_paired_variance_of_accuracy_is_that_of_the_differences() -> None:
    truth, chance = two_classes(500)
    _, other = two_classes(500, seed=9)
    found = compare("accuracy", binary(truth, chance), binary(truth, other), ratio=1.01)
    assert found is not None
    right, right_live = (chance > 0.5) == truth, (other > 0.5) == truth
    each = right.astype(float) - right_live
    assert found.statistics["difference"] == pytest.approx(each.mean())
    assert found.statistics["variance"] == pytest.approx(each.var(ddof=1) / 500 + 2 / 500**2)
    scaled = right - 1.01 * right_live
    assert found.statistics["ratio_difference"] == pytest.approx(scaled.mean())
    assert found.statistics["n"] == 500


def test_a_handful_of_equal_answers_does_not_prove_two_versions_equal() -> None:
    truth = np.array([0, 1, 0, 1])
    same = binary(truth, np.array([0.1, 0.9, 0.2, 0.8]))
    found = compare("accuracy", same, same)
    assert found is not None
    assert math.sqrt(found.statistics["variance"]) > 0.2


def test_resampling_is_repeatable_and_agrees_with_the_normal_bound() -> None:
    truth, chance = two_classes(2000)
    _, other = two_classes(2000, seed=1, skill=0.9)
    first = compare("log_loss", binary(truth, chance), binary(truth, other), ratio=1.02, seed=7)
    again = compare("log_loss", binary(truth, chance), binary(truth, other), ratio=1.02, seed=7)
    assert first is not None
    assert first == again
    statistics = first.statistics
    spread = math.sqrt(statistics["variance"])
    assert statistics["low_0.05"] == pytest.approx(statistics["difference"] - 1.645 * spread, abs=0.2 * spread)
    # Less is better: the ratio is asked of candidate - live / ratio.
    assert statistics["ratio_difference"] == pytest.approx(first.candidate - first.live / 1.02)


def test_more_units_than_can_be_drawn_one_by_one_give_the_same_interval() -> None:
    truth, chance = two_classes(50_000)
    found = score("log_loss", binary(truth, chance), seed=1)
    assert found is not None
    losses = -np.log(np.where(truth == 1, chance, 1 - chance))
    half = 1.96 * losses.std() / math.sqrt(50_000)
    assert found.high - found.point == pytest.approx(half, rel=0.15)


def test_scores_and_comparisons_are_the_fields_of_the_records() -> None:
    truth, chance = two_classes()
    found = score("auc", binary(truth, chance))
    paired = compare("auc", binary(truth, chance), binary(truth, chance))
    assert found is not None
    assert paired is not None
    assert Metric(**structs.asdict(found)).rows == 400
    assert Paired(live_version="1.0.0", **structs.asdict(paired)).method == "delong"


def test_a_metric_without_a_value_is_none() -> None:
    one = answers([1, 1], [1, 1], probability=[[0.2, 0.8], [0.1, 0.9]], classes=[0, 1])
    assert score("auc", one) is None
    assert compare("auc", one, one) is None
    assert score("mae", one) is None
    assert score("log_loss", answers([0, 1], [0, 1], classes=[0, 1])) is None
    assert score("r2", answers([2.0, 2.0], [1.0, 2.0])) is None


def test_a_label_that_the_model_does_not_know_counts_as_wrong() -> None:
    given = answers(["a", "x"], ["a", "b"], probability=[[0.9, 0.1], [0.2, 0.8]], classes=["a", "b"])
    found, loss = score("accuracy", given), score("log_loss", given)
    assert found is not None
    assert loss is not None
    assert found.point == 0.5
    assert loss.point > 10


def test_rows_that_are_not_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        answers([1.0], [math.nan])
    with pytest.raises(ValueError, match="finite"):
        answers([1], [1], probability=[[math.nan, 0.5]], classes=[0, 1])
    with pytest.raises(ValueError, match="at least one row"):
        answers([], [])
    with pytest.raises(ValueError, match="positive class"):
        answers([1], [1], classes=[0, 1], positive=2)
    with pytest.raises(ValueError, match="same rows and units"):
        compare("mae", answers([1.0, 2.0], [1.0, 2.0], units=[0, 0]), answers([1.0, 2.0], [1.0, 2.0]))
