"""Loading: what is written is read as the same, whatever is damaged ends in findings, and places are exact."""

from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from tests.spec.drawn import damaged, documents

from headway.spec.convert import BAD, record_reader
from headway.spec.explain import DOCUMENTED
from headway.spec.finding import Finding, Place, Severity
from headway.spec.load import KINDS, Placed, kind_at, load
from headway.spec.plain import plain
from headway.spec.shape import Record
from headway.spec.wish import load_wish
from headway.spec.yaml import read_nodes

SLOW = settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.too_slow])
FILES = {
    "Project": "headway.yaml",
    "Model": "models/delay/model.yaml",
    "Environment": "environments/production.yaml",
    "Policy": "policies/all.yaml",
}


def read(name: str, document: object) -> tuple[Any, list[Finding]]:
    nodes, findings = read_nodes("f.yaml", msgspec.json.encode(document))
    return record_reader(DOCUMENTED[name], name, skip="kind")(nodes[0], findings), findings


@pytest.mark.parametrize("name", list(DOCUMENTED))
def test_a_record_is_written_as_it_is_read(name: str) -> None:
    @SLOW
    @given(documents(name, DOCUMENTED[name]))
    def holds(document: Any) -> None:
        found, findings = read(name, document)
        assert not findings
        again, findings = read(name, plain(found, Record(kind=DOCUMENTED[name])))
        assert not findings
        assert plain(again, Record(kind=DOCUMENTED[name])) == plain(found, Record(kind=DOCUMENTED[name]))

    holds()


@pytest.mark.parametrize("name", list(KINDS))
def test_a_damaged_document_ends_in_findings_and_blocks_no_other(name: str) -> None:
    other = "environments/other.yaml"
    sound = {other: b"apiVersion: headway.dev/v1alpha1\nkind: Environment\nmetadata: {name: other-one}\n"}

    @SLOW
    @given(damaged(documents(name, DOCUMENTED[name])))
    def holds(document: Any) -> None:
        data = msgspec.json.encode(document)
        assume(b'"other-one"' not in data)
        files = {FILES[name]: data, **sound}
        wish = load_wish(files, files.keys())
        assert "other-one" in wish.environments
        assert list(wish.findings) == sorted(wish.findings, key=lambda each: (each.place, each.code))
        broken = any(each.severity is Severity.ERROR for each in wish.findings if each.place.file == FILES[name])
        kept = (wish.models, wish.environments.keys() - {"other-one"}, wish.policies)
        if name != "Project":
            assert not (broken and any(kept))

    holds()


@given(st.binary(max_size=200), st.sampled_from(list(FILES.values())))
def test_whatever_the_bytes_a_wish_comes_back(data: bytes, file: str) -> None:
    assert load_wish({file: data}, {file}).findings


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("headway.yaml", "Project"), ("sub/headway.yaml", None), ("models/a/model.yaml", "Model"),
        ("models/a/b/model.yaml", "Model"), ("models/model.yaml", None), ("models/a/data.yaml", None),
        ("environments/a.yml", "Environment"), ("environments/a/b.yaml", None), ("policies/a.yaml", "Policy"),
        ("policies/a.txt", None), ("", None),
    ],
)  # fmt: skip
def test_a_path_says_which_kind_it_holds(file: str, kind: str | None) -> None:
    assert kind_at(file) == kind


def model(text: str) -> Placed[Any]:
    head = "apiVersion: headway.dev/v1alpha1\nkind: Model\nmetadata: {name: delay}\nspec:\n"
    return load("models/delay/model.yaml", (head + text).encode()).documents[0]


SPEC = """\
  task: {kind: classification, label: late}
  data: {path: a.csv}
  train:
    run: python train.py
    files:
      - train.py
      - features.py
"""


def test_a_place_is_that_of_the_field_or_of_the_nearest_around_it() -> None:
    placed = model(SPEC)
    place = placed.place
    assert place("spec", "train", "files", 1) == Place(file=placed.file, line=11, column=9)
    assert place("spec", "train", "files", 7) == Place(file=placed.file, line=9, column=5)
    assert place("spec", "train", "requirements") == Place(file=placed.file, line=7, column=3)
    assert place("spec", "rollout", "deadline") == Place(file=placed.file, line=4, column=1)
    assert placed.wrote("spec", "train", "run")
    assert not placed.wrote("spec", "train", "seed")


def test_texts_stay_as_they_are_written() -> None:
    found = model(SPEC.replace("label: late", "label: 1.10")).value
    assert found.spec.task.label == "1.10"
    assert model(SPEC.replace("label: late", "label: yes")).value.spec.task.label == "yes"


def test_a_field_that_is_wrong_is_left_at_its_default_and_the_rest_is_read() -> None:
    head = "kind: Model\napiVersion: headway.dev/v1alpha1\nmetadata: {name: d}\nspec:\n"
    loaded = load("models/delay/model.yaml", f"{head}{SPEC}    seed: x\n  predict: p.py\n".encode())
    assert [finding.code for finding in loaded.findings] == ["E011"]
    assert (loaded.documents[0].value.spec.train.seed, loaded.documents[0].value.spec.predict) == (0, "p.py")  # type: ignore[union-attr]  # a Model
    assert load("models/delay/model.yaml", b"kind: Model\nspec: {}\n").documents == ()


def test_a_record_without_what_it_needs_is_none() -> None:
    found, findings = read("Policy", {"kind": "Policy", "apiVersion": "headway.dev/v1alpha1"})
    assert found is BAD
    assert [finding.code for finding in findings] == ["E013"]
