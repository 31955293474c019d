"""The Markdown of a review: whole, and deaf to what a stranger writes into a change."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.app.review.markdown import markdown
from headway.app.review.view import (
    Change,
    FileChange,
    Latency,
    MergeStep,
    ModelReview,
    Review,
    Score,
    Subject,
)
from headway.evidence.verdict import Answer, Verdict

SUBJECT = Subject(
    version="1.1.0",
    why="minor: the recipe changed",
    live="1.0.0",
    bundle="b" * 64,
    runtime="python",
    runtime_reason="no converter",
    steps=(),
    reported={"loss": 0.25},
)
MODEL = ModelReview(
    model="delay",
    outcome="refused",
    files=(FileChange(path="train.py", state="changed", added=2, removed=1),),
    changes=(Change(field="train.params.depth", before="6", after="9"),),
    subject=SUBJECT,
    data="100 training and 50 test rows, as locked",
    scores=(Score(metric="auc", rows=50, new=(0.6, 0.5, 0.7), live=(0.7, 0.6, 0.8), gain=(-0.1, -0.2, 0.0)),),
    latency=(Latency(load=50.0, new={"p95": 0.012}, live={"p95": 0.01}),),
    signature=("input wind is new: float64, may be left out",),
    verdicts=(Verdict(name="auc at least 0.65", rule="r/1", inputs={}, answer=Answer.FAIL, why="auc is 0.6"),),
    merge=(MergeStep(environment="staging", what="nothing: refused", ends=True),),
)


def review(*models: ModelReview) -> Review:
    return Review(change="the work tree", base="a" * 40, models=models, untouched=("other",))


def test_everything_that_was_found_is_there() -> None:
    text = markdown(review(MODEL))
    for line in (
        "- **delay** 1.1.0 (minor) **is refused by its gates**: 0 of 1 verdicts pass",
        "- untouched: other",
        "| `train.py` | +2 −1 |",
        "| `train.params.depth` | `6` | `9` |",
        "- version 1.1.0: minor: the recipe changed",
        "| auc, 50 rows | 0.6000 (0.5000 to 0.7000) | 0.7000 (0.6000 to 0.8000) | -0.1000 (-0.2000 to +0.0000) |",
        "| p95 at 50/s | 12 ms | 10 ms |",
        "- signature: input wind is new: float64, may be left out",
        "- **fail**: auc at least 0.65: auc is 0.6.",
        "1. staging: nothing: refused",
        "- served by python, not as ONNX: no converter",
        "- the program itself reports loss = 0.25; that opens no gate",
    ):
        assert line in text.splitlines(), line


def test_an_empty_change_says_so() -> None:
    text = markdown(Review(change="the work tree", base="a" * 40, models=(), untouched=()))
    assert text.endswith("\n\nNothing of any model changes.\n")


@pytest.mark.parametrize("hostile", ["<img src=x>", "[click](http://evil)", "a|b|c", "**bold**", "x\n\n# Head", "`"])
def test_a_strangers_words_become_no_markup(hostile: str) -> None:
    verdict = Verdict(name="answers", rule="r/1", inputs={}, answer=Answer.FAIL, why=hostile)
    model = ModelReview(model="delay", outcome="failed", reason=hostile, verdicts=(verdict,))
    text = markdown(review(model))
    for mark in ("<", "[", "|", "*b", "`"):
        assert f"answers: {mark}" not in text
    assert "\n# Head" not in text
    assert "<img" not in text.replace("\\<", "")


def test_nobody_is_called_by_name() -> None:
    text = markdown(review(ModelReview(model="delay", outcome="failed", reason="ask @everyone")))
    assert "@everyone" not in text


@given(value=st.text(max_size=300))
def test_a_value_stays_in_its_cell(value: str) -> None:
    change = Change(field="train.run", before=value, after="x")
    text = markdown(review(ModelReview(model="delay", outcome="unjudged", changes=(change,))))
    (row,) = [line for line in text.split("\n") if line.startswith("| `train.run`")]
    assert row.replace("\\|", "").count("|") == 4
    assert row.count("`") in {4, 6}
