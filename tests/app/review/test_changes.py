"""What differs, field by field and file by file."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from tests.adapters.steps.workshop import model_of

from headway.app.review.changes import field_changes, file_changes, signature_changes
from headway.evidence.bundle import Column, Signature
from headway.spec.gate import MetricGate
from headway.spec.model import Model


def with_gates(*gates: MetricGate) -> Model:
    model = model_of()
    return structs.replace(model, spec=structs.replace(model.spec, gates=gates))


def test_a_parameter_is_named_by_its_path() -> None:
    (change,) = field_changes(model_of(params={"depth": 6}), model_of(params={"depth": 9}))
    assert (change.field, change.before, change.after) == ("train.params.depth", "6", "9")


def test_what_was_left_out_shows_its_default() -> None:
    (change,) = field_changes(model_of(), model_of(seed=3))
    assert (change.field, change.before, change.after) == ("train.seed", "0", "3")


def test_a_gate_that_is_dropped_is_seen() -> None:
    (change,) = field_changes(with_gates(MetricGate(metric="auc", at_least=0.7)), with_gates())
    assert (change.field, change.after) == ("gates", "[]")
    assert '"at_least":0.7' in change.before


def test_a_new_model_shows_every_field() -> None:
    fields = {change.field for change in field_changes(None, model_of())}
    assert {"task.label", "train.run", "serve.replicas.min"} <= fields


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        (b"a\nb\nc\n", b"a\nx\nc\nd\n", ("changed", 2, 1)),
        (None, b"a\nb\n", ("new", 2, 0)),
        (b"a\nb\n", None, ("gone", 0, 2)),
        (b"\xff\xfe", b"a\n", ("changed", None, None)),
        (b"a\n" * 30_000, b"b\n", ("changed", None, None)),
    ],
)
def test_lines_that_came_and_went_are_counted(before: bytes | None, after: bytes | None, found: object) -> None:
    old = {} if before is None else {"train.py": before}
    new = {} if after is None else {"train.py": after}
    (change,) = file_changes(old, new)
    assert (change.state, change.added, change.removed) == found


lines = st.lists(st.sampled_from("abcd"), max_size=12).map(lambda chosen: "".join(f"{line}\n" for line in chosen))


@given(before=lines, after=lines)
def test_the_counts_lead_from_one_length_to_the_other(before: str, after: str) -> None:
    found = file_changes({"f": before.encode()}, {"f": after.encode()})
    assert bool(found) == (before != after)
    for change in found:
        assert change.added is not None
        assert change.removed is not None
        assert before.count("\n") - change.removed + change.added == after.count("\n")


def test_every_difference_of_signatures_is_told() -> None:
    output = (Column(name="label", type="int64"),)
    before = Signature(inputs=(Column(name="a", type="int64"), Column(name="b", type="bool")), outputs=output)
    after = Signature(
        inputs=(Column(name="a", type="float64"), Column(name="c", type="string", nullable=True)), outputs=output
    )
    assert list(signature_changes(before, after)) == [
        "input c is new: string, may be left out",
        "input b is no longer there",
        "input a was int64, required and is float64, required",
    ]
    assert not list(signature_changes(before, before))
